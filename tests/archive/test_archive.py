"""Files are whole or absent, names cannot lead elsewhere, and sweeping touches only unknown files."""

import asyncio
import errno
import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kleinbot.archive import Archive, ArchiveFolder, BadNameError, DiskFullError, PictureGoneError, durable
from kleinbot.domain.errors import Code

NOW_MS = 2_000_000_000_000
HOUR_MS = 3_600_000


@pytest.fixture
async def archive(tmp_path: Path) -> AsyncIterator[Archive]:
    archive = Archive(tmp_path / "pictures")
    yield archive
    await archive.close()


def files_under(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def make_old(file: Path, age_ms: int) -> None:
    changed_s = (NOW_MS - age_ms) / 1000
    os.utime(file, (changed_s, changed_s))


async def test_what_was_put_can_be_read(archive: Archive) -> None:
    stored = await archive.put(42, "k3x", 1, b"pixels")
    assert stored.path == "images/42/k3x-1.png"
    assert stored.sha256 == hashlib.sha256(b"pixels").hexdigest()
    assert stored.byte_count == 6
    assert await archive.read(stored.path) == b"pixels"


async def test_references_lie_apart_from_images(archive: Archive) -> None:
    image = await archive.put(42, "k3x", 0, b"image")
    reference = await archive.put(42, "k3x", 0, b"reference", ArchiveFolder.REFERENCES)
    assert reference.path == "references/42/k3x-0.png"
    assert await archive.read(image.path) == b"image"


async def test_putting_the_same_picture_again_changes_nothing(archive: Archive, tmp_path: Path) -> None:
    first = await archive.put(42, "k3x", 0, b"pixels")
    assert await archive.put(42, "k3x", 0, b"pixels") == first
    assert files_under(tmp_path / "pictures") == [first.path]


async def test_a_picture_made_again_after_a_crash_replaces_the_first(archive: Archive) -> None:
    await archive.put(42, "k3x", 0, b"first")
    stored = await archive.put(42, "k3x", 0, b"other")
    assert await archive.read(stored.path) == b"other"


async def test_many_writers_of_one_picture_leave_one_whole_file(archive: Archive, tmp_path: Path) -> None:
    await asyncio.gather(*(archive.put(42, "k3x", 0, bytes([value]) * 50_000) for value in range(8)))
    assert files_under(tmp_path / "pictures") == ["images/42/k3x-0.png"]
    data = await archive.read("images/42/k3x-0.png")
    assert data == data[:1] * 50_000


async def test_job_ids_that_differ_only_in_case_are_different_files(archive: Archive) -> None:
    paths = {(await archive.put(1, job_id, 0, b"x")).path.lower() for job_id in ("ab", "aB", "Ab", "AB")}
    assert len(paths) == 4


async def test_a_missing_file_has_its_own_error(archive: Archive) -> None:
    with pytest.raises(PictureGoneError):
        await archive.read("images/42/none-0.png")


async def test_deleting_twice_is_no_error(archive: Archive) -> None:
    stored = await archive.put(42, "k3x", 0, b"pixels")
    await archive.delete(stored.path)
    await archive.delete(stored.path)
    with pytest.raises(PictureGoneError):
        await archive.read(stored.path)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
async def test_a_full_disk_is_said_and_leaves_nothing(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(DiskFullError) as refused:
            await archive.put(42, "k3x", 0, b"pixels")
    assert refused.value.code is Code.DISK_FULL
    assert files_under(tmp_path / "pictures") == []


async def test_a_crash_between_writing_and_renaming_keeps_the_old_file(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = await archive.put(42, "k3x", 0, b"first")

    def cut(self: Path, target: Path) -> Path:
        raise OSError(errno.EIO, "power cut")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", cut)
        with pytest.raises(OSError, match="power cut"):
            await archive.put(42, "k3x", 0, b"other")
    assert await archive.read(stored.path) == b"first"


async def test_file_and_folder_are_flushed_before_put_returns(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[str] = []
    real = os.fsync

    def noted(descriptor: int) -> None:
        flushed.append(Path(f"/proc/self/fd/{descriptor}").readlink().name.split(".")[0])
        real(descriptor)

    if not Path("/proc/self/fd").exists():
        pytest.skip("needs a system that tells the names of open files")
    monkeypatch.setattr(os, "fsync", noted)
    await archive.put(42, "k3x", 0, b"pixels")
    # The server's folder and those above it are new, so their directory entries must be synced too.
    assert flushed == ["k3x-0", "42", "images", "pictures", tmp_path.name]
    flushed.clear()
    await archive.put(42, "k3y", 0, b"pixels")
    await archive.put(43, "k3z", 0, b"pixels")
    assert flushed == ["k3y-0", "42", "k3z-0", "43", "images"]


async def test_a_folder_that_went_and_came_again_is_flushed_again(archive: Archive, tmp_path: Path) -> None:
    stored = await archive.put(42, "k3x", 0, b"pixels")
    folder = (tmp_path / "pictures" / stored.path).parent
    await archive.delete(stored.path)
    durable.remove_empty_folder(folder)
    assert not folder.exists()
    assert await archive.read((await archive.put(42, "k3x", 0, b"again")).path) == b"again"


async def test_a_picture_that_cannot_be_made_young_is_written_anew(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "pictures" / (await archive.put(42, "k3x", 0, b"pixels")).path
    make_old(file, 2 * HOUR_MS)
    old_ns = file.stat().st_mtime_ns

    def foreign(path: Path) -> None:
        raise PermissionError(errno.EPERM, "not the owner", str(path))

    with monkeypatch.context() as patched:
        patched.setattr(os, "utime", foreign)
        await archive.put(42, "k3x", 0, b"pixels")
    assert file.stat().st_mtime_ns != old_ns
    assert files_under(tmp_path / "pictures") == ["images/42/k3x-0.png"]


async def test_free_space_is_known(archive: Archive) -> None:
    assert archive.free_bytes() > 0


async def test_closing_twice_is_no_error(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "pictures")
    await archive.close()
    await archive.close()


async def test_a_symbolic_name_is_refused_before_any_file_is_touched(archive: Archive) -> None:
    for name in (
        "",
        "/etc/passwd",
        "../secret.png",
        "images/../../secret.png",
        "images/1/a-0.png/",
        "C:\\a.png",
    ):
        with pytest.raises(BadNameError):
            await archive.read(name)
        with pytest.raises(BadNameError):
            await archive.delete(name)
