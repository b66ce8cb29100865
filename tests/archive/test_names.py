"""A name stays inside the archive, whatever its parts."""

from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kleinbot.archive.names import ArchiveFolder, BadNameError, checked, is_temporary, name_of

WINDOWS_DEVICES = {"con", "prn", "aux", "nul"} | {
    f"{port}{number}" for port in ("com", "lpt") for number in range(10)
}
JOB_IDS = st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True) | st.sampled_from(sorted(WINDOWS_DEVICES))


@given(st.sampled_from(ArchiveFolder), st.integers(0, 2**64 - 1), JOB_IDS, st.integers(0, 99))
def test_names_of_jobs_are_safe_on_every_system(
    top_folder: ArchiveFolder, server: int, job: str, position: int
) -> None:
    name = name_of(top_folder, server, job, position)
    assert checked(name) == name
    assert name == name.lower()
    for parts in (PurePosixPath(name).parts, PureWindowsPath(name).parts):
        assert len(parts) == 3
        assert parts[0] == top_folder
        assert ".." not in parts
    assert not PureWindowsPath(name).is_absolute()
    assert PureWindowsPath(name).stem not in WINDOWS_DEVICES
    assert not is_temporary(name)


@given(JOB_IDS, JOB_IDS)
def test_different_jobs_never_share_a_file(first: str, second: str) -> None:
    same = name_of(ArchiveFolder.IMAGES, 1, first, 0) == name_of(ArchiveFolder.IMAGES, 1, second, 0)
    assert same == (first == second)


@given(st.text(max_size=80))
def test_any_text_as_a_job_id_gives_a_safe_name_or_a_refusal(job: str) -> None:
    try:
        name = name_of(ArchiveFolder.IMAGES, 1, job, 0)
    except BadNameError:
        return
    assert len(PurePosixPath(name).parts) == 3


@given(
    st.text(max_size=80) | st.from_regex(r"(images|references)/[0-9./\\]*\.png(\.tmp)?\n?", fullmatch=True)
)
def test_any_text_as_a_name_is_refused_or_stays_inside(name: str) -> None:
    try:
        checked(name)
    except BadNameError:
        return
    assert ".." not in PureWindowsPath(name).parts
    assert not name.endswith("\n")
    assert len(PurePosixPath(name).parts) == 3


@pytest.mark.parametrize(("server", "position"), [(-1, 0), (0, -1), (10**21, 0)])
def test_numbers_out_of_range_are_refused(server: int, position: int) -> None:
    with pytest.raises(BadNameError):
        name_of(ArchiveFolder.IMAGES, server, "job", position)
