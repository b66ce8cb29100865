"""Pictures that people attach, and results as they arrive."""

import io
from collections.abc import Callable

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from kleinbot.sandbox import InteractionHandle, Person, ShownMessage, ShownPicture
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
    """Wait for the message with pictures."""
    return await handle.message_where(has_pictures, timeout_s=WAIT_S)


async def said(handle: InteractionHandle, sentence: str) -> ShownMessage:
    """Wait for a message with this sentence."""
    return await handle.message_where(lambda message: sentence in message.text, timeout_s=WAIT_S)


async def said_alone(handle: InteractionHandle, sentence: str) -> ShownMessage:
    """Wait for a message with this sentence, which only the person who asked may see."""
    found = await said(handle, sentence)
    assert found.is_ephemeral
    return found


async def answered(person: Person, message: ShownMessage, label: str, sentence: str) -> ShownMessage:
    """Press a button, and wait for a message with this sentence."""
    return await said(await person.press(message, label=label), sentence)


async def open_more(person: Person, message: ShownMessage) -> ShownMessage:
    """Press *More …* under a result, and wait for the list."""
    handle = await person.press(message, label="More …")
    return await handle.message_where(
        lambda found: found.is_ephemeral and len(found.buttons) > 0, timeout_s=WAIT_S
    )


async def chosen_in_more(person: Person, message: ShownMessage, label: str, sentence: str) -> ShownMessage:
    """Press an entry of *More …* under a result, and wait for a message with this sentence."""
    return await answered(person, await open_more(person, message), label, sentence)


async def imagined(bot: RunningBot, person: Person | None = None, **options: object) -> ShownMessage:
    """Ask for pictures as ``person`` (ada) and wait for them."""
    options.setdefault("prompt", "a red fox")
    return await result(await (person or bot.ada).command(bot.channel, "imagine", **options))


async def delivered(bot: RunningBot, person: Person | None = None, **options: object) -> ShownMessage:
    """As ``imagined``, until the database knows that every result was sent."""
    done = await imagined(bot, person, **options)
    await bot.until("SELECT COUNT(*) FROM outbox WHERE state != 'sent'", 0)
    return done


def forge_button(message: ShownMessage, label: str, change: Callable[[str], str]) -> None:
    """Change the custom id of the button with this label, as a modified client can."""
    buttons = [each for row in message.components for each in row.get("components", ())]
    (button,) = [each for each in buttons if each.get("label") == label]
    button["custom_id"] = change(button["custom_id"])
