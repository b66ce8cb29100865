"""Edits and variations of a photograph-sized picture on a GPU: ``python -m tests.gpu.edits FOLDER``.

First through the whole program and the fake Discord, then diffusers' own call with the same pictures, in one
run: seconds and peak memory side by side. Diffusers' call is the model card's: everything resident, 36
layers.
"""

import argparse
import asyncio
import dataclasses
import gc
import io
import logging
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from kleinbot.app.container import real_externals
from kleinbot.app.lifecycle import App
from kleinbot.app.opening import opened
from kleinbot.config.settings import Settings
from kleinbot.sandbox import Channel, FakeDiscord, InteractionHandle, Person

GIB = 2**30
WAIT_S = 90.0
COUNTS = (1, 2, 4)
INSTRUCTION = "make it look like winter"
PHOTO_PX = (3000, 2000)


def photograph(seed: int) -> bytes:
    """Return a PNG of photograph size with soft colours and some grain."""
    chance = np.random.default_rng(seed)
    small = Image.fromarray(chance.integers(0, 256, (20, 30, 3), dtype=np.uint8))
    smooth = np.asarray(small.resize(PHOTO_PX, Image.Resampling.BICUBIC)).astype(int)
    grain = chance.integers(-2, 3, (*smooth.shape[:2], 1))
    file = io.BytesIO()
    Image.fromarray((smooth + grain).clip(0, 255).astype(np.uint8)).save(file, "PNG", compress_level=6)
    return file.getvalue()


async def through_the_program(folder: Path, data: Path, photos: list[bytes]) -> None:
    async with FakeDiscord() as standin:
        server = standin.world.add_server("Studio")
        channel = standin.world.add_channel(server, "pictures")
        ada = standin.world.add_member(server, "ada")
        externals = dataclasses.replace(real_externals(), client_options={"connector": standin.connector()})
        settings = Settings(data_folder=data, weights=folder, device="cuda", classifier="off")
        async with opened(settings, externals) as app:
            running = asyncio.create_task(app.run(standin.token))
            await standin.registered("edit", timeout_s=WAIT_S)
            await standin.online(timeout_s=WAIT_S)
            await drawn(await ada.command(channel, "imagine", prompt="to warm up"))
            await edit(app, ada, channel, photos[:1])  # to warm up too, as below
            # Reserved memory stays reserved, so the smallest come first.
            torch.cuda.reset_peak_memory_stats()
            handle = await ada.command(channel, "variations", image=photos[0], strength="medium")
            report("a variation of an attachment", app, await drawn(handle))
            torch.cuda.reset_peak_memory_stats()
            handle = await ada.command(channel, "variations", strength="subtle", picture="#1")
            report("a variation of our own picture", app, await drawn(handle))
            for count in COUNTS:
                await edit(app, ada, channel, photos[:count])
            app.request_stop()
            say("exit code", await running)


async def edit(app: App, ada: Person, channel: Channel, photos: list[bytes]) -> None:
    torch.cuda.reset_peak_memory_stats()
    options: dict[str, object] = {"instruction": INSTRUCTION, "image": photos[0]}
    options |= {f"reference-{number}": photo for number, photo in enumerate(photos[1:], 1)}
    handle = await ada.command_with(channel, "edit", options)
    report(f"an edit with {len(photos)} references", app, await drawn(handle))


async def drawn(handle: InteractionHandle) -> float:
    started_s = time.monotonic()
    await handle.message_where(lambda message: bool(message.pictures), timeout_s=WAIT_S)
    return time.monotonic() - started_s


def report(what: str, app: App, seconds: float) -> None:
    allocated, reserved = torch.cuda.max_memory_allocated() / GIB, torch.cuda.max_memory_reserved() / GIB
    say(
        f"{what}: message after {seconds:.2f} s, peak {allocated:.2f} GiB allocated, {reserved:.2f} reserved;"
    )
    say(f"  event loop at most {1000 * app.container.loop_lag.worst_s:.0f} ms late so far")


def by_the_model_card(folder: Path, photos: list[bytes]) -> None:
    from diffusers import Flux2KleinPipeline

    gc.collect()
    torch.cuda.empty_cache()
    allocated, reserved = torch.cuda.memory_allocated() / GIB, torch.cuda.memory_reserved() / GIB
    say(f"left by the program: {allocated:.3f} GiB allocated, {reserved:.3f} reserved")
    pipe = Flux2KleinPipeline.from_pretrained(folder, dtype=torch.bfloat16, local_files_only=True).to("cuda")
    pipe.set_progress_bar_config(disable=True)
    pictures = [Image.open(io.BytesIO(photo)).convert("RGB") for photo in photos]
    for count in (1, *COUNTS):  # the first one warms up
        torch.cuda.reset_peak_memory_stats()
        started_s = time.monotonic()
        pipe(image=pictures[:count], prompt=INSTRUCTION, num_inference_steps=4, guidance_scale=1.0)
        torch.cuda.synchronize()
        seconds, allocated = time.monotonic() - started_s, torch.cuda.max_memory_allocated() / GIB
        reserved = torch.cuda.max_memory_reserved() / GIB
        say(f"diffusers, {count} references: {seconds:.2f} s, peak {allocated:.2f} / {reserved:.2f} GiB")


def say(*values: object) -> None:
    sys.stdout.write(" ".join(str(value) for value in values) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    chosen = parser.parse_args().folder
    logging.basicConfig(level=logging.INFO, format="%(name)s %(message)s", stream=sys.stdout)
    logging.getLogger("discord").setLevel(logging.WARNING)
    originals = [photograph(seed) for seed in range(max(COUNTS))]
    say("photographs of", PHOTO_PX, [len(photo) for photo in originals], "bytes")
    with tempfile.TemporaryDirectory() as place:
        asyncio.run(through_the_program(chosen, Path(place), originals))
    by_the_model_card(chosen, originals)
