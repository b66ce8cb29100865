"""Writes how a picture was made as labels that other programs read."""

import re
import unicodedata
from dataclasses import dataclass

from PIL import Image

from kleinbot.domain.noise import NoiseRecipe

DIGITAL_SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
"""IPTC's code for "made by a model trained on media", by which platforms recognise AI pictures.

https://cv.iptc.org/newscodes/digitalsourcetype/
"""

_EXIF_IFD = 0x8769
_USER_COMMENT = 0x9286
_SOFTWARE = 0x0131

_HEADS = re.compile(r"(negative prompt|steps):", re.IGNORECASE)
_HEAD_APART = r"\1 :"

_XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    Iptc4xmpExt:DigitalSourceType="{source_type}"
    xmp:CreatorTool="{tool}"/>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""


@dataclass(frozen=True)
class EmbeddedRecipe:
    """The content of a picture's labels. ``model``: a name ("FLUX.2-klein-4B"); ``version``: kleinbot's.

    ``references``: the number of an edit's input pictures, which are not part of the label.
    """

    prompt: str
    noise: NoiseRecipe
    steps: int
    width_px: int
    height_px: int
    model: str
    version: str
    cfg_scale: float = 1.0
    references: int = 0


def recipe_text(recipe: EmbeddedRecipe) -> str:
    """Return the text that AUTOMATIC1111's WebUI writes and most galleries read: the prompt, then one line.

    Readers take the last line as the settings, but accept a line "Negative prompt:" (WebUI, in
    ``parse_generation_parameters``) and some the first "Steps:" anywhere. In a prompt these get a space
    before the colon, which people hardly notice and no reader expects.
    ``Noise`` is our own key, written only for mixed seeds: ``seed``, then ``weight:seed`` for each blend.
    """
    settings = [
        f"Steps: {recipe.steps}",
        "Sampler: Euler",
        f"CFG scale: {recipe.cfg_scale:g}",
        f"Seed: {recipe.noise.base_seed}",
        f"Size: {recipe.width_px}x{recipe.height_px}",
        f"Model: {_one_line(recipe.model)}",
    ]
    if recipe.noise.blends:
        blends = " ".join(f"{blend.weight:g}:{blend.seed}" for blend in recipe.noise.blends)
        settings.append(f"Noise: {recipe.noise.base_seed} {blends}")
    if recipe.references:
        settings.append(f"References: {recipe.references}")
    settings.append(f"Version: kleinbot {_one_line(recipe.version)}")
    return f"{_HEADS.sub(_HEAD_APART, _clean(recipe.prompt))}\n{', '.join(settings)}"


def xmp_packet(recipe: EmbeddedRecipe) -> bytes:
    """Return an XMP packet (UTF-8) with the digital source type. It contains no member's text."""
    tool = _one_line(f"kleinbot {recipe.version}")
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), ('"', "&quot;")):
        tool = tool.replace(character, entity)
    return _XMP.format(source_type=DIGITAL_SOURCE_TYPE, tool=tool).encode()


def exif_block(text: str) -> bytes:
    """Return EXIF with ``text`` as user comment, which the same programs read in JPEG and WebP files."""
    exif = Image.Exif()
    exif.endian = ">"  # the comment's UTF-16 uses the block's byte order, and readers expect big-endian
    exif[_SOFTWARE] = "kleinbot"
    exif.get_ifd(_EXIF_IFD)[_USER_COMMENT] = b"UNICODE\0" + text.encode("utf-16-be")
    return exif.tobytes()


def _clean(text: str) -> str:
    """Return ``text`` without control characters and lone surrogates, but with its line breaks."""
    kept = (
        character
        for character in text.replace("\r\n", "\n").strip()
        if character == "\n" or unicodedata.category(character) not in ("Cc", "Cs")
    )
    return "".join(kept)


def _one_line(text: str) -> str:
    return " ".join(_clean(text).replace(",", " ").split())
