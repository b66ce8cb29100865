"""The content of delivered files: the whole program with the small Klein, judged by its own reader."""

import io

import numpy as np
from PIL import Image

from kleinbot.app.model_choice import SMALL_KLEIN
from kleinbot.sandbox import ShownMessage
from kleinbot.small_klein.training.reader import Seen, ground_colour, read
from tests.e2e.pictures import result
from tests.e2e.running_bot import BotEnvironment

WAIT_S = 60.0


def _pixels(message: ShownMessage, position: int = 0) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(message.pictures[position].data)).convert("RGB"))


def _things(picture: np.ndarray) -> list[tuple[str, str]]:
    seen: list[Seen] = sorted(read(picture), key=lambda thing: thing.x_px)
    return [(thing.colour, thing.shape) for thing in seen]


async def test_pictures_edits_and_variations_show_what_was_asked(environment: BotEnvironment) -> None:
    async with environment.running_bot(weights=SMALL_KLEIN) as bot:
        await bot.ready()
        ada, channel = bot.ada, bot.channel
        prompt = "a red circle left of a blue square"
        first = await result(await ada.command(channel, "imagine", prompt=prompt, count=2, seed=3))
        for position in range(2):
            assert _things(_pixels(first, position)) == [("red", "circle"), ("blue", "square")]
        assert not np.array_equal(_pixels(first, 0), _pixels(first, 1))

        handle = await ada.command(channel, "edit", instruction="make the circle green", picture="#1")
        green = await result(handle)
        assert _things(_pixels(green)) == [("green", "circle"), ("blue", "square")]

        ground = await result(await ada.command(channel, "edit", instruction="make the background yellow"))
        assert ground_colour(_pixels(ground)) == "yellow"
        assert _things(_pixels(ground)) == [("green", "circle"), ("blue", "square")]

        apart = {}
        for strength in ("subtle", "strong"):
            handle = await ada.command(channel, "variations", picture="#1", strength=strength)
            varied = _pixels(await result(handle)).astype(int)
            apart[strength] = float(np.abs(varied - _pixels(first)).mean())
        assert 0 < apart["subtle"] < apart["strong"]

        same = await result(await ada.command(channel, "imagine", prompt=prompt, seed=3))
        assert np.array_equal(_pixels(same), _pixels(first, 0))


async def test_without_weights_the_bot_draws_shapes_and_says_so(environment: BotEnvironment) -> None:
    async with environment.running_bot(weights=None) as bot:
        await bot.ready()
        done = await result(await bot.ada.command(bot.channel, "imagine", prompt="a green triangle"))
        assert _things(_pixels(done)) == [("green", "triangle")]
        assert "does not know" not in done.text
        unknown = await result(await bot.ada.command(bot.channel, "imagine", prompt="a green fox"))
        assert "draws coloured shapes only and does not know: fox" in unknown.text
