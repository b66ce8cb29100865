"""Pictures that people attach, and results as they arrive."""

import io

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from kleinbot.sandbox import InteractionHandle, ShownMessage, ShownPicture
from tests.e2e.running_bot import RunningBot, has_pictures

WAIT_S = 60.0


def a_png(width_px: int = 256, height_px: int = 256, seed: int = 1) -> bytes:
    """Return a picture of soft coloured noise."""
    coarse = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(coarse).resize((width_px, height_px), Image.Resampling.BICUBIC).save(file, "PNG")
    return file.getvalue()


def size(picture: ShownPicture) -> tuple[int, int]:
    return Image.open(io.BytesIO(picture.data)).size


def parameters(picture: ShownPicture) -> str:
    opened = Image.open(io.BytesIO(picture.data))
    assert isinstance(opened, PngImageFile)
    return opened.text["parameters"]


async def result(handle: InteractionHandle) -> ShownMessage:
    return await handle.message_where(has_pictures, timeout_s=WAIT_S)


async def said(handle: InteractionHandle, sentence: str) -> ShownMessage:
    return await handle.message_where(lambda message: sentence in message.text, timeout_s=WAIT_S)


async def imagined(bot: RunningBot, **options: object) -> ShownMessage:
    options.setdefault("prompt", "a red fox")
    return await result(await bot.ada.command(bot.channel, "imagine", **options))
