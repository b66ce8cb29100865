"""``bench --pictures``: sheets that the engine really drew."""

import itertools
from functools import partial
from pathlib import Path

import pytest
from PIL import Image

from kleinbot.app.model_choice import choose_model
from kleinbot.bench.command import run_pictures
from kleinbot.bench.picture_list import asked_of
from kleinbot.bench.pictures import EDITS, ONE_EDIT, PICTURES, Drawn, draw, save_sheets
from kleinbot.bench.sheet import Tile, sheet_of
from kleinbot.config.settings import Settings
from kleinbot.config.values import DeviceChoice
from kleinbot.domain.pictures import Pixels
from kleinbot.domain.profile import WeightFormat
from kleinbot.domain.work import ModelSize
from kleinbot.process.folder_lock import folder_locked
from kleinbot.texts import Texts
from tests.bench.test_command import smaller
from tests.scripted_engine import ScriptedEngine

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def plain(colour: tuple[int, int, int], side_px: int = 64) -> Pixels:
    return Pixels(side_px, side_px, bytes(colour) * side_px**2)


def colours_of(image: Image.Image) -> set[object]:
    counted = image.getcolors(image.width * image.height) or []
    return {colour for _, colour in counted}


@pytest.mark.parametrize("size", ModelSize)
def test_the_list_is_twelve_pictures_with_an_edit_each(size: ModelSize) -> None:
    asked = asked_of(size)
    assert len({each.prompt for each in asked}) == len({each.edit for each in asked}) == 12


def test_a_sheet_shows_each_picture_in_its_place() -> None:
    tiles = [Tile((plain(RED), plain(GREEN)), "turn it green"), Tile((plain(BLUE), plain(RED)), "red " * 40)]

    sheet = sheet_of(tiles, 1, "a model")

    gap, inner = 3, 1
    assert sheet.getpixel((gap + 32, gap + 32)) == RED
    assert sheet.getpixel((gap + 64 + inner + 32, gap + 32)) == GREEN
    assert {RED, GREEN, BLUE} < colours_of(sheet)
    assert sheet.height > 2 * 64
    # The longest sentence is wrapped, so it widens nothing.
    assert sheet.width == 2 * gap + 2 * 64 + inner


def test_large_pictures_are_scaled_down() -> None:
    sheet = sheet_of([Tile((plain(RED, 1024),), "red")], 1, "a model")
    assert sheet.width < 600


def test_the_sheets_are_labelled_as_made_by_a_model(tmp_path: Path) -> None:
    asked = asked_of(ModelSize.SMALL)
    drawn = [Drawn(each, plain(RED), plain(GREEN)) for each in asked]

    files = save_sheets(drawn, "a model", tmp_path / "new" / "folder")

    assert [file.name for file in files] == [PICTURES, EDITS, ONE_EDIT]
    for file in files:
        with Image.open(file) as image:
            assert b"trainedAlgorithmicMedia" in image.info["xmp"]


async def test_each_edit_is_made_from_its_picture_with_its_seed() -> None:
    """Every picture that the engine draws has another colour."""
    engine, shown = ScriptedEngine(), itertools.count(1)
    engine.draw = lambda _: plain((next(shown), 0, 0))
    model = choose_model(Settings(device=DeviceChoice.CPU))

    drawn = await draw(engine, model, partial(Texts().say, "en"), lambda _: None)

    tasks = [task for batch in engine.batches for task in batch]
    pictures, edits = tasks[::2], tasks[1::2]
    assert [task.spec.prompt for task in pictures] == [each.asked.prompt for each in drawn]
    assert [task.spec.prompt for task in edits] == [each.asked.edit for each in drawn]
    assert [task.pictures for task in edits] == [(each.picture,) for each in drawn]
    assert all(task.pictures == () for task in pictures)
    assert [task.noise for task in pictures] == [task.noise for task in edits]
    assert len({task.noise for task in tasks}) == len(asked_of(ModelSize.SMALL))
    assert len({each.edited for each in drawn}) == len(drawn)


def test_the_command_draws_with_this_hosts_model(
    tmp_path: Path,
    tiny_folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    smaller(monkeypatch, WeightFormat.PLAIN)
    settings = Settings(data_folder=tmp_path / "data", weights=tiny_folder, device=DeviceChoice.CPU)

    assert run_pictures(settings, tmp_path / "sheets") == 0

    printed = capsys.readouterr()
    assert [line.partition(" is written")[0] for line in printed.out.splitlines()] == [
        str(tmp_path / "sheets" / name) for name in (PICTURES, EDITS, ONE_EDIT)
    ]
    assert "12 of 12: " in printed.err
    with Image.open(tmp_path / "sheets" / PICTURES) as image:
        assert len(colours_of(image)) > 1000


def test_what_prevents_it_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = Settings(data_folder=tmp_path / "data", device=DeviceChoice.CPU)
    (tmp_path / "file").write_text("")

    assert run_pictures(settings, tmp_path / "file" / "sheets") == 1
    assert "--pictures" in capsys.readouterr().err
    with folder_locked(settings.data_folder):
        assert run_pictures(settings, tmp_path / "sheets") == 1
    assert str(settings.data_folder) in capsys.readouterr().err
