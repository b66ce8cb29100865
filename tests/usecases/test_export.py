"""An export while the member's jobs are drawn, ordered and deleted: whole files, and nothing of others."""

import io
import json
import zipfile
from pathlib import Path

from kleinbot.domain.people import Actor
from kleinbot.usecases.privacy.export import Export
from tests.dispatch.running import ended, running, until
from tests.manual_clock import START_MS, ManualClock
from tests.new_database import make_new
from tests.usecase_harness import ADA, BOB, UseCaseHarness
from tests.usecases.eve import Kill, studio

PART_BYTES = 4_000
"""So small that there are many parts, and something happens between any two."""


async def _drawn(harness: UseCaseHarness, actor: Actor, prompt: str) -> str:
    job_id = (await harness.imagine(actor, prompt)).status.job.job_id
    await until(harness, job_id, ended)
    return job_id


async def test_an_export_raced_with_running_jobs_is_whole(tmp_path: Path) -> None:
    make_new(tmp_path / "kleinbot.sqlite3")
    async with studio(tmp_path, Kill(), ManualClock(START_MS)) as harness:
        export = harness.usecases.privacy.export
        async with running(harness):
            before = [await _drawn(harness, ADA, f"mine {number}") for number in range(4)]
            await _drawn(harness, BOB, "a secret of bob's")
            files, parts = await _raced(harness, export, before)
        assert parts > 3
        numbers = [(await harness.job(job_id)).number for job_id in before]
        expected = {f"{ADA.server_id}/pictures/{number}-1.png" for number in numbers}
        pictures = {name for name in files if name.endswith(".png")}
        # The last one was deleted while the first part was taken; the newest may be there or not.
        assert expected - pictures <= {f"{ADA.server_id}/pictures/{numbers[-1]}-1.png"}
        assert all(files[name].startswith(b"\x89PNG") for name in pictures)
        rows = [row for name, data in files.items() if "/jobs-" in name for row in json.loads(data)]
        assert {f"mine {number}" for number in range(4)} <= {row["prompt"] for row in rows}
        assert not [name for name, data in files.items() if b"secret" in data]


async def _raced(harness: UseCaseHarness, export: Export, before: list[str]) -> tuple[dict[str, bytes], int]:
    """Take an export part by part; order, draw and delete between any two. Return its files."""
    files: dict[str, bytes] = {}
    parts = 0
    await export.begin(ADA)
    async for part in export.parts(ADA, PART_BYTES):
        assert len(part.data) <= PART_BYTES
        parts += 1
        with zipfile.ZipFile(io.BytesIO(part.data)) as opened:
            for name in opened.namelist():
                assert name not in files
                files[name] = opened.read(name)
        if parts == 1:
            await harness.imagine(ADA, "while it is taken")
            await harness.usecases.delete.delete(ADA, before[-1])
        elif parts < 4:
            await _drawn(harness, ADA, "between two parts")
    return files, parts
