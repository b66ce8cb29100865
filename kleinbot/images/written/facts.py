"""What a file tells about its picture's origin: the hash of its pixels, and the recipe that stands in it."""

from dataclasses import dataclass

from kleinbot.domain.errors import Refusal
from kleinbot.domain.geometry import MAX_OUTPUT_TOKENS, TOKEN_PX
from kleinbot.images.containers.bare import Bare, unwrap
from kleinbot.images.decode import decode, pixels_of
from kleinbot.images.labelled import pixel_hash
from kleinbot.images.written.read import recipe_in
from kleinbot.images.written.recipe import WrittenRecipe


@dataclass(frozen=True)
class PictureFacts:
    """``pixel_hash``: as of our own pictures; None if it cannot be one of them."""

    pixel_hash: str | None
    recipe: WrittenRecipe | None


@dataclass(frozen=True)
class UndecodedFacts:
    """The facts of a file before its pixels are decoded; ``bare`` None: they need not be."""

    bare: Bare | None
    recipe: WrittenRecipe | None

    @property
    def pixels(self) -> int:
        """The pixels that decoding takes; at least 1."""
        return 1 if self.bare is None else self.bare.pixels

    def finish(self) -> PictureFacts:
        """Decode and hash the pixels. A damaged picture has no hash. Raises MemoryError."""
        if self.bare is None:
            return PictureFacts(None, self.recipe)
        try:
            return PictureFacts(pixel_hash(pixels_of(decode(self.bare))), self.recipe)
        except Refusal:
            return PictureFacts(None, self.recipe)


def facts_of(data: bytes) -> UndecodedFacts:
    """Read a file's recipe and its size.

    Pictures that are too small, too large or damaged have facts too. Raises Refusal PICTURE_NOT_AN_IMAGE or
    PICTURE_FORMAT_UNSUPPORTED.
    """
    recipe = recipe_in(data)
    try:
        bare = unwrap(data)
    except Refusal:
        return UndecodedFacts(None, recipe)
    return UndecodedFacts(bare if _may_be_ours(bare) else None, recipe)


def _may_be_ours(bare: Bare) -> bool:
    """Return whether a picture has a size in which we draw: whole tokens, and no more than we can draw."""
    columns, rows = bare.width_px // TOKEN_PX, bare.height_px // TOKEN_PX
    is_whole = (columns * TOKEN_PX, rows * TOKEN_PX) == (bare.width_px, bare.height_px)
    return is_whole and columns * rows <= MAX_OUTPUT_TOKENS
