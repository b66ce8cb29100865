"""Files that state colour in every possible way, validly and invalidly.

P3's expected values were computed independently, with the matrices of SMPTE EG 432-1 and IEC 61966-2-1.
"""

import struct
import zlib

from PIL import Image, ImageCms

from tests.images import craft
from tests.images.cases import Case, shown
from tests.images.corpus_odd import before_pixels
from tests.images.craft import Colour, chunk, flat, saved

SIZE = (64, 64)
SAMPLES = (40, 160, 60)
FROM_P3 = (0, 163, 40)
AS_LIGHT = (5, 90, 12)
"""Each is a share of light that sRGB encodes as about ``SAMPLES``."""

RED, BLUE, BLACK, WHITE = (255, 0, 0), (0, 0, 255), (0, 0, 0), (255, 255, 255)
P3_POINTS = (0.3127, 0.3290, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060)
SRGB_POINTS = (0.3127, 0.3290, 0.640, 0.330, 0.300, 0.600, 0.150, 0.060)
LINEAR, SRGB, PQ, HLG = 8, 13, 16, 18
BT709, BT2020, P3 = 1, 9, 12


def cicp(primaries: int, transfer: int) -> bytes:
    return chunk(b"cICP", bytes((primaries, transfer, 0, 1)))


def gamma(hundred_thousandths: int) -> bytes:
    return chunk(b"gAMA", struct.pack(">I", hundred_thousandths))


def points(*numbers: float) -> bytes:
    return chunk(b"cHRM", struct.pack(">8I", *(round(100_000 * number) for number in numbers)))


def named_profile(name: bytes, profile: bytes) -> bytes:
    return chunk(b"iCCP", name + b"\0\0" + zlib.compress(profile))


def png_of(colour: Colour, *chunks: bytes) -> bytes:
    return before_pixels(saved(flat(*SIZE, colour), "PNG"), *chunks)


def grey(value: int) -> Colour:
    return (value, value, value)


def stated_in_png() -> list[Case]:
    swapped = chunk(b"iCCP", b"n\0\0" + zlib.compress(craft.swapped_profile()))
    srgb = chunk(b"sRGB", b"\0")
    cases = [
        ("cicp-p3", SAMPLES, (cicp(P3, SRGB),), FROM_P3, 1),
        ("cicp-srgb", SAMPLES, (cicp(BT709, SRGB),), SAMPLES, 0),
        ("cicp-television", SAMPLES, (cicp(BT709, 1),), SAMPLES, 0),
        ("cicp-linear", AS_LIGHT, (cicp(BT709, LINEAR),), SAMPLES, 2),
        ("cicp-unspecified", SAMPLES, (cicp(2, 2),), SAMPLES, 0),
        ("cicp-undefined", SAMPLES, (cicp(77, 99),), SAMPLES, 0),
        ("cicp-cut", SAMPLES, (chunk(b"cICP", b"\x0c\x0d"),), SAMPLES, 0),
        ("cicp-before-a-profile", RED, (swapped, cicp(BT709, SRGB)), RED, 0),
        ("gamma-linear", AS_LIGHT, (gamma(100_000),), SAMPLES, 2),
        ("gamma-usual", SAMPLES, (gamma(45_455),), SAMPLES, 0),
        ("gamma-usual-with-points", SAMPLES, (gamma(45_455), points(*SRGB_POINTS)), SAMPLES, 0),
        ("gamma-mac", grey(128), (gamma(55_556),), grey(146), 3),
        ("points-p3", SAMPLES, (points(*P3_POINTS),), FROM_P3, 1),
        ("points-p3-with-gamma", SAMPLES, (gamma(45_455), points(*P3_POINTS)), FROM_P3, 6),
        ("srgb-before-gamma", AS_LIGHT, (gamma(100_000), srgb), AS_LIGHT, 0),
        ("profile-before-gamma", RED, (gamma(100_000), swapped), BLUE, 1),
        ("gamma-after-broken-profile", AS_LIGHT, (chunk(b"iCCP", b"n\0\0x"), gamma(100_000)), SAMPLES, 2),
        *((f"gamma-{value}", SAMPLES, (gamma(value),), SAMPLES, 0) for value in (0, 1, 2**31, 2**32 - 1)),
        ("gamma-cut", SAMPLES, (chunk(b"gAMA", b"\0\1"),), SAMPLES, 0),
        ("points-of-nothing", SAMPLES, (points(*(0.0,) * 8),), SAMPLES, 0),
        ("points-in-a-line", SAMPLES, (points(0.3, 0.3, 0.1, 0.1, 0.2, 0.2, 0.3, 0.3),), SAMPLES, 0),
        ("points-far", SAMPLES, (points(*(42_949.0,) * 8),), SAMPLES, 0),
        ("points-cut", SAMPLES, (chunk(b"cHRM", bytes(31)),), SAMPLES, 0),
    ]
    return [
        *(
            shown(f"colour-png-{name}", png_of(samples, *chunks), SIZE, wanted, tolerance)
            for name, samples, chunks, wanted, tolerance in cases
        ),
        shown(
            "colour-png-grey-gamma",
            craft.png(64, 64, 8, craft.GREY, (55,), [gamma(100_000)]),
            SIZE,
            grey(128),
            2,
        ),
        shown(
            "colour-png-clear-p3",
            before_pixels(saved(Image.new("RGBA", SIZE, (*SAMPLES, 0)), "PNG"), cicp(P3, SRGB)),
            SIZE,
            WHITE,
            0,
        ),
    ]


def hdr() -> list[Case]:
    """Samples of PQ and HLG for black, 100 nits, a white page (203 nits, of 1000) and the brightest light.

    Interpreted as sRGB, a white page would be a dull grey: 148 and 191.
    """
    levels = [
        ("black", 0, 0, BLACK, 1),
        ("page", 148, 191, grey(224), 6),
        ("brightest", 255, 255, WHITE, 1),
    ]
    cases = []
    for name, pq, hlg, wanted, tolerance in levels:
        for kind, transfer, value in (("pq", PQ, pq), ("hlg", HLG, hlg)):
            png = png_of(grey(value), cicp(BT2020, transfer))
            cases.append(shown(f"hdr-png-{kind}-{name}", png, SIZE, wanted, tolerance))
            avif = nclx(grey(value), BT2020, transfer)
            cases.append(shown(f"hdr-avif-{kind}-{name}", avif, SIZE, wanted, tolerance + 3))
    tagged = with_tag(craft.srgb_profile(), b"cicp", b"cicp\0\0\0\0" + bytes((BT2020, PQ, 0, 1)))
    page = flat(*SIZE, grey(148))
    return [
        *cases,
        shown("hdr-pq-100-nits", png_of(grey(130), cicp(BT2020, PQ)), SIZE, grey(184), 5),
        shown(
            "hdr-by-the-profiles-name",
            png_of(grey(148), named_profile(b"ITUR_2100_PQ_FULL", b"x")),
            SIZE,
            grey(224),
            6,
        ),
        shown("hdr-png-profile-with-cicp", saved(page, "PNG", icc_profile=tagged), SIZE, grey(224), 6),
        shown("hdr-jpeg-profile-with-cicp", saved(page, "JPEG", icc_profile=tagged), SIZE, grey(224), 8),
    ]


def stated_in_avif() -> list[Case]:
    plain = saved(flat(*SIZE, SAMPLES), "AVIF", quality=95)
    film = saved(flat(*SIZE, SAMPLES), "AVIF", quality=95, save_all=True, append_images=[flat(*SIZE)])
    profile = saved(flat(*SIZE, RED), "AVIF", quality=95, icc_profile=craft.swapped_profile())
    return [
        shown("colour-avif-p3", nclx(SAMPLES, P3, SRGB), SIZE, FROM_P3, 3),
        shown("colour-avif-srgb", nclx(SAMPLES, BT709, SRGB), SIZE, SAMPLES, 2),
        shown("colour-avif-linear", nclx(AS_LIGHT, BT709, LINEAR), SIZE, SAMPLES, 9),
        shown("colour-avif-unspecified", nclx(SAMPLES, 2, 2), SIZE, SAMPLES, 2),
        shown("colour-avif-undefined", nclx(SAMPLES, 65_535, 65_535), SIZE, SAMPLES, 2),
        shown("colour-avif-film-p3", stating(film, P3, SRGB), SIZE, FROM_P3, 3),
        shown("colour-avif-nothing-stated", plain.replace(b"colrnclx", b"skipnclx"), SIZE, SAMPLES, 2),
        shown("colour-avif-profile-and-p3", stating(profile, P3, SRGB), SIZE, BLUE, 3),
    ]


def profiles_called_srgb() -> list[Case]:
    """Names prove nothing: names of linear and wide profiles start with sRGB too."""
    red, green, blue = columns()
    curve = b"curv\0\0\0\0\0\0\0\0"
    linear = craft.profile(
        b"RGB ",
        b"mntr",
        b"XYZ ",
        {
            b"desc": b"desc\0\0\0\0" + struct.pack(">I", 16) + b"sRGB-elle-V2-g1\0" + bytes(78),
            b"wtpt": b"XYZ \0\0\0\0" + struct.pack(">iii", 63190, 65536, 54061),
            b"rXYZ": red,
            b"gXYZ": green,
            b"bXYZ": blue,
            **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve),
        },
    )
    swapped = craft.swapped_profile().replace(b"\0t\0R\0G\0B", b"\0s\0R\0G\0B")
    picture, red_picture = flat(*SIZE, AS_LIGHT), flat(*SIZE, RED)
    return [
        shown("profile-called-srgb-linear-png", saved(picture, "PNG", icc_profile=linear), SIZE, SAMPLES, 2),
        shown(
            "profile-called-srgb-linear-webp",
            saved(picture, "WEBP", lossless=True, icc_profile=linear),
            SIZE,
            SAMPLES,
            2,
        ),
        shown("profile-called-srgb-swapped", saved(red_picture, "PNG", icc_profile=swapped), SIZE, BLUE, 1),
        shown(
            "profile-srgb-leaves-all",
            saved(flat(*SIZE, (3, 2, 1)), "PNG", icc_profile=craft.srgb_profile()),
            SIZE,
            (3, 2, 1),
            0,
        ),
    ]


def columns() -> list[bytes]:
    """The red, green and blue of sRGB under D50, as a profile writes them."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return [tag_of(srgb, name) for name in (b"rXYZ", b"gXYZ", b"bXYZ")]


def tag_of(profile: bytes, name: bytes) -> bytes:
    place = profile.index(name, 128)
    start, length = struct.unpack(">II", profile[place + 4 : place + 12])
    return profile[start : start + length]


def with_tag(profile: bytes, name: bytes, body: bytes) -> bytes:
    """Add a tag to a profile. Its table grows by twelve bytes, which shifts everything after it."""
    (count,) = struct.unpack(">I", profile[128:132])
    table = b""
    for index in range(count):
        old, start, length = struct.unpack(">4sII", profile[132 + 12 * index : 144 + 12 * index])
        table += struct.pack(">4sII", old, start + 12, length)
    table += struct.pack(">4sII", name, len(profile) + 12, len(body))
    rest = profile[132 + 12 * count :]
    whole = profile[4:128] + struct.pack(">I", count + 1) + table + rest + body
    return struct.pack(">I", len(whole) + 4) + whole


def nclx(colour: Colour, primaries: int, transfer: int) -> bytes:
    return stating(saved(flat(*SIZE, colour), "AVIF", quality=95), primaries, transfer)


def stating(avif: bytes, primaries: int, transfer: int) -> bytes:
    stated = b"colrnclx" + struct.pack(">HH", primaries, transfer)
    place = avif.find(b"colrnclx")
    if place < 0:
        return avif
    return avif.replace(avif[place : place + 12], stated)


def colour_cases() -> list[Case]:
    return [*stated_in_png(), *stated_in_avif(), *hdr(), *profiles_called_srgb()]
