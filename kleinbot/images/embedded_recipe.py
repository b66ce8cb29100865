"""How a picture was made, as the labels that other programs read."""

import re
import unicodedata
from dataclasses import dataclass

from PIL import Image

from kleinbot.domain.noise import NoiseRecipe

DIGITAL_SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
"""IPTC's word for "made by a model trained on media"; what platforms look for to mark AI pictures.

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
    """Everything a picture says about itself. ``model`` is a name ("FLUX.2-klein-4B"), ``version`` ours.

    ``references`` is how many input pictures an edit had; they are not part of the label.
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
    """Return the text form that AUTOMATIC1111's WebUI writes and most galleries read: prompt, then one line.

    Readers take the last line for the settings, but a line "Negative prompt:" (WebUI, in
    ``parse_generation_parameters``) and with some the first "Steps:" wherever they find them: a prompt's own
    get a space before the colon, which people hardly see and no reader looks for.
    ``Noise`` is ours and only there where seeds were mixed: ``seed`` then ``weight:seed`` for each blend.
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
    """Return an XMP packet (UTF-8) with the digital source type. It holds no text of members."""
    tool = _one_line(f"kleinbot {recipe.version}")
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), ('"', "&quot;")):
        tool = tool.replace(character, entity)
    return _XMP.format(source_type=DIGITAL_SOURCE_TYPE, tool=tool).encode()


def exif_block(text: str) -> bytes:
    """Return EXIF with ``text`` as user comment: where the same programs look in JPEG and WebP files."""
    exif = Image.Exif()
    exif.endian = ">"  # the comment's UTF-16 has the byte order of the block, and readers expect big-endian
    exif[_SOFTWARE] = "kleinbot"
    exif.get_ifd(_EXIF_IFD)[_USER_COMMENT] = b"UNICODE\0" + text.encode("utf-16-be")
    return exif.tobytes()


def _clean(text: str) -> str:
    """Return ``text`` without control characters and lone surrogates; line breaks stay."""
    kept = (
        character
        for character in text.replace("\r\n", "\n").strip()
        if character == "\n" or unicodedata.category(character) not in ("Cc", "Cs")
    )
    return "".join(kept)


def _one_line(text: str) -> str:
    return " ".join(_clean(text).replace(",", " ").split())
