"""Container parsers find what decoders will allocate, and rearranged files cause only the known errors."""

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from kleinbot.domain.errors import Refusal
from kleinbot.images.containers.av1 import sequence_of
from kleinbot.images.containers.avif_items import streams
from kleinbot.images.containers.bare import unwrap
from kleinbot.images.containers.parts import DamagedError
from kleinbot.images.decode import decode_bytes
from kleinbot.images.exif import orientation_of
from tests.images.corpus_hostile import avif_table, item
from tests.images.craft import exif, flat, marked, saved

CLEAR = Image.new("RGBA", (96, 64), (1, 2, 3, 4))
SEEDS = [
    saved(marked(), "PNG", exif=exif(6)),
    saved(CLEAR.convert("P"), "PNG", transparency=1),
    saved(marked(), "JPEG", exif=exif(6)),
    saved(marked(), "JPEG", progressive=True),
    saved(marked(), "GIF", save_all=True, append_images=[flat(96, 64)]),
    saved(marked(), "WEBP", exif=exif(6)),
    saved(CLEAR, "WEBP", lossless=True),
    saved(marked(), "AVIF", exif=exif(6)),
    saved(CLEAR, "AVIF", save_all=True, append_images=[CLEAR.rotate(180)]),
]


@pytest.mark.parametrize("size", [(96, 64), (1234, 777), (65, 2000)])
def test_the_size_inside_av1_is_found_in_stills_and_films(size: tuple[int, int]) -> None:
    still = saved(flat(*size), "AVIF")
    film = saved(flat(*size), "AVIF", save_all=True, append_images=[flat(*size, (1, 2, 3))])
    for data in (still, film):
        assert [sequence_of(stream).pixels for stream in streams(data, data)][:1] == [size[0] * size[1]]


def test_alpha_is_a_stream_of_its_own() -> None:
    data = saved(CLEAR, "AVIF")
    assert [sequence_of(stream).pixels for stream in streams(data, data)] == [96 * 64] * 2


def test_the_colours_inside_av1_are_found_in_stills_and_films() -> None:
    still = saved(flat(96, 64), "AVIF")
    film = saved(flat(96, 64), "AVIF", save_all=True, append_images=[flat(96, 64, (1, 2, 3))])
    for data in (still, film):
        assert {sequence_of(stream).colour_codes for stream in streams(data, data)} == {(1, 13)}


@pytest.mark.parametrize("fill", range(2**20 - 4, 2**20 + 3))
def test_a_marker_is_found_wherever_the_search_begins_anew(fill: int) -> None:
    data = saved(marked(), "JPEG")
    bare = unwrap(data[:2] + b"\xff" * fill + data[2:])
    assert (bare.width_px, bare.height_px, bare.is_ended) == (96, 64, True)
    assert bare.data == unwrap(data).data


def test_a_table_is_refused_before_what_it_points_at_is_copied() -> None:
    data = avif_table(1, item(1, 9_000), padding=1_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(Refusal):
            unwrap(data)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 6 * len(data)


def test_entries_of_no_bytes_are_counted_before_they_are_read() -> None:
    with pytest.raises(DamagedError, match="too many entries"):
        list(streams(avif_table(9, item(1, 65_535) * 9), avif_table(9, item(1, 65_535) * 9)))


@given(st.binary(max_size=300))
def test_any_bytes_are_some_orientation_and_some_stream(data: bytes) -> None:
    assert 1 <= orientation_of(b"Exif\0\0MM\0*" + data) <= 8
    assert sequence_of(data).pixels >= 0


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.integers(0, 1200), st.binary(min_size=1, max_size=5)), min_size=1, max_size=6),
    st.floats(0.1, 1),
)
def test_rearranged_files_end_in_a_picture_or_a_refusal(
    seed: bytes, changes: list[tuple[int, bytes]], share: float
) -> None:
    data = bytearray(seed)
    for place, change in changes:
        at = place % len(data)
        data[at : at + len(change)] = change
    try:
        picture = decode_bytes(bytes(data[: int(len(data) * share)]))
    except Refusal:
        return
    assert min(picture.width_px, picture.height_px) >= 64


@given(st.sampled_from((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"RIFF\0\0\0\0WEBP")), st.binary())
def test_any_bytes_after_a_signature_are_refused(signature: bytes, rest: bytes) -> None:
    with pytest.raises(Refusal):
        unwrap(signature + rest)
