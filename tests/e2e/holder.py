"""Another program that locks the bot's database, like a backup or an interactive shell."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

BEGINS_S = 20.0
_HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


@asynccontextmanager
async def held(file: Path) -> AsyncIterator[None]:
    """Hold the database's lock in a separate process while the body runs."""
    holder = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _HOLDER, str(file),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        assert holder.stdout is not None
        assert await asyncio.wait_for(holder.stdout.readline(), BEGINS_S) == b"held\n"
        yield
    finally:
        holder.kill()
        await holder.communicate()
