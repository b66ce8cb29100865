"""Builds a database as after years of use, with the real schema.

The same ``Scale`` and moment produce the same rows. No picture files exist.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from random import Random

from kleinbot.domain.clock import DAY_MS, HOUR_MS
from kleinbot.store.migrations import load_migrations, migrate
from tests.manual_clock import ManualClock

FIRST_SERVER = 10_000
FIRST_MEMBER = 500_000
HEAVIEST = FIRST_MEMBER
"""The member with the most jobs, of the first server."""

_BATCH_JOBS = 20_000
_SNOWFLAKE_EPOCH_MS = 1_420_070_400_000
_CHANNELS = 7
_COUNTS = (1, 1, 1, 1, 1, 2, 2, 4, 4, 4)
_WORDS = (
    "fox castle dragon river forest portrait watercolour neon city rain snow lighthouse "
    "robot garden moon ocean desert mountain knight cat dog bicycle kitchen library "
    "train bridge market autumn spring winter sunrise sunset fog oil painting photograph "
    "sketch macro wide angle cinematic light soft dark golden silver crystal glass "
    "paper origami clay voxel pixel art nouveau baroque minimal surreal dream ancient "
    "future tiny giant"
)


@dataclass(frozen=True)
class Scale:
    """The size of the database. ``heaviest_share``: the fraction of all jobs that belong to one member.

    ``open`` jobs of any member wait in the queue. A few results in a thousand are undelivered, but none of
    the heaviest member's.
    """

    jobs: int = 1_000_000
    members: int = 2_000
    servers: int = 20
    heaviest_share: float = 0.05
    jobs_per_day: int = 1_400
    open: int = 200
    seed: int = 12

    @property
    def days(self) -> float:
        return self.jobs / self.jobs_per_day


@dataclass
class _Tables:
    """Buffered rows, by the table's name and columns."""

    rows: dict[str, list[tuple[object, ...]]] = field(default_factory=dict)

    def add(self, table: str, *values: object) -> None:
        self.rows.setdefault(table, []).append(values)

    def write(self, connection: sqlite3.Connection) -> None:
        for table, rows in self.rows.items():
            marks = ", ".join("?" * len(rows[0]))
            connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)
        self.rows.clear()


_COLUMNS = {
    "jobs": "job_id, server_id, member_id, number, kind, prompt, columns, rows, steps, checkpoint, seed,"
    " count, private, price_tenths, lane, locale, channel_id, state, created_ms, ended_ms, parent_job,"
    " parent_position, deleted_ms, cost, left_tenths, pictures",
    "images": "job_id, position, server_id, base_seed, columns, rows, state, file, bytes, sha256, pixel_hash,"
    " seconds, finished_ms",
    "ledger": "server_id, member_id, job_id, position, kind, amount_tenths, counts_ms, made_ms",
    "attempts": "job_id, position, server_id, batch_id, started_ms, ended_ms, outcome",
    "outbox": "job_id, server_id, member_id, state, due_ms, nonce, way, channel_id, message_id, sent_ms",
    "posted_images": "message_id, position, job_id, server_id, channel_id, origin, posted_ms",
    "favourites": "server_id, member_id, job_id, position, made_ms, number",
    "job_references": "job_id, position, server_id, role, file, sha256, columns, rows",
    "replies": "job_id, server_id, application_id, token, expires_ms, upload_limit_bytes",
    "presses": "server_id, member_id, message_id, custom_id, pressed_ms, job_id",
}
_INTO = {name: f"{name} ({columns})" for name, columns in _COLUMNS.items()}


def build(file: Path, scale: Scale, now_ms: int) -> None:
    """Write a database of ``scale`` whose last job was accepted just before ``now_ms``."""
    migrate(file, load_migrations(), ManualClock(now_ms))
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -400000")
        connection.execute("BEGIN")
        # Building an index at once is much faster than adding rows in random order.
        indices = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        ).fetchall()
        for name, _ in indices:
            connection.execute(f"DROP INDEX {name}")
        for tables in _Drawn(scale, now_ms).batches():
            tables.write(connection)
        for _, sql in indices:
            connection.execute(sql)
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode = WAL")


class _Drawn:
    """Generates the rows in the order in which the bot would have written them."""

    def __init__(self, scale: Scale, now_ms: int) -> None:
        self._scale = scale
        self._chance = Random(scale.seed)
        self._now_ms = now_ms
        self._step_ms = scale.days * DAY_MS / scale.jobs
        self._numbers = [0] * scale.servers
        self._latest: dict[int, tuple[str, int]] = {}
        words = _WORDS.split()
        self._prompts = [
            " ".join(self._chance.choices(words, k=self._chance.randint(3, 40))) for _ in range(5_000)
        ]

    def batches(self) -> Iterator[_Tables]:
        yield self._people()
        scale = self._scale
        # Except for the heaviest, the k-th member has about 1/k^0.7 of the first one's jobs.
        others = [1 / rank**0.7 for rank in range(1, scale.members)]
        share = scale.heaviest_share / (1 - scale.heaviest_share) * sum(others)
        weights = list(accumulate([share, *others]))
        for start in range(0, scale.jobs, _BATCH_JOBS):
            tables = _Tables()
            ordinals = range(start, min(start + _BATCH_JOBS, scale.jobs))
            members = self._chance.choices(range(scale.members), cum_weights=weights, k=len(ordinals))
            for ordinal, member in zip(ordinals, members, strict=True):
                self._job(tables, ordinal, member)
            yield tables
        last = _Tables()
        for server, number in enumerate(self._numbers):
            last.add("servers (server_id, first_seen_ms, next_number)", FIRST_SERVER + server, 1, number + 1)
        yield last

    def _people(self) -> _Tables:
        tables, began_ms = _Tables(), self._now_ms - round(self._scale.days * DAY_MS)
        for member in range(self._scale.members):
            owner = (FIRST_SERVER + member % self._scale.servers, FIRST_MEMBER + member)
            weight = 2.0 if member % 200 == 199 else 1.0
            tables.add("members (server_id, member_id, first_seen_ms, weight)", *owner, began_ms, weight)
        for ordinal in range(self._scale.jobs // 500):
            member = ordinal % self._scale.members
            owner = (FIRST_SERVER + member % self._scale.servers, FIRST_MEMBER + member)
            made_ms = began_ms + round(ordinal * 500 * self._step_ms)
            grant = ordinal + 1
            tables.add(
                "grants (grant_id, server_id, member_id, amount_tenths, expires_ms, reason,"
                " granted_by, made_ms)",
                grant, *owner, 50, made_ms + 30 * DAY_MS, "a prize", 1, made_ms,
            )  # fmt: skip
            tables.add(
                "ledger (server_id, member_id, grant_id, kind, amount_tenths, counts_ms, made_ms)",
                *owner, grant, "grant", 50, made_ms, made_ms,
            )  # fmt: skip
            if made_ms + 30 * DAY_MS < self._now_ms:
                expired_ms = made_ms + 30 * DAY_MS
                tables.add(
                    "ledger (server_id, member_id, grant_id, kind, amount_tenths, counts_ms, made_ms)",
                    *owner, grant, "expire", -50, expired_ms, expired_ms,
                )  # fmt: skip
        for ordinal in range(self._scale.jobs // 8):
            made_ms = began_ms + round(ordinal * 8 * self._step_ms)
            tables.add(
                "audit (server_id, actor_id, action, member_id, details, made_ms)",
                FIRST_SERVER + ordinal % self._scale.servers, 1, "quota-grant", FIRST_MEMBER,
                json.dumps({"tenths": 50}), made_ms,
            )  # fmt: skip
        return tables

    def _job(self, tables: _Tables, ordinal: int, member: int) -> None:
        scale, chance = self._scale, self._chance
        server = member % scale.servers
        server_id, member_id = FIRST_SERVER + server, FIRST_MEMBER + member
        self._numbers[server] += 1
        number = self._numbers[server]
        job_id = f"{chance.getrandbits(96):024x}"
        created_ms = self._now_ms - round((scale.jobs - ordinal) * self._step_ms)
        count = chance.choice(_COUNTS)
        is_open = ordinal >= scale.jobs - scale.open
        drawn = chance.random()
        state = "queued" if is_open else "done" if drawn < 0.93 else "cancelled" if drawn < 0.98 else "failed"
        # Some are cancelled after their first image.
        made = count if state == "done" else 1 if state == "cancelled" and count > 1 and drawn < 0.95 else 0
        ended_ms = None if is_open else created_ms + chance.randint(2_000, 90_000)
        deleted_ms = None if is_open or chance.random() > 0.01 else created_ms + HOUR_MS
        parent, parent_position = self._parent(member)
        kind = "imagine" if parent is None else "variations"
        tables.add(
            _INTO["jobs"], job_id, server_id, member_id, number, kind, chance.choice(self._prompts), 64, 64,
            4, "distilled", chance.getrandbits(32), count, int(chance.random() < 0.1), 10, "token", "en-US",
            1 + ordinal % _CHANNELS, state, created_ms, ended_ms, parent, parent_position, deleted_ms, 1.0,
            200, made,
        )  # fmt: skip
        self._images(tables, (server_id, member_id), job_id, count, made, created_ms, ended_ms)
        if kind == "variations" and chance.random() < 0.5:
            file = f"references/{server_id}/{job_id}-0.png"
            tables.add(_INTO["job_references"], job_id, 0, server_id, "start", file, "ab" * 32, 64, 64)
        if ended_ms is None:
            address = (99, f"token-{job_id}", created_ms + 900_000, 10 * 2**20)
            tables.add(_INTO["replies"], job_id, server_id, *address)
            return
        self._told(tables, (server_id, member_id), job_id, number, made, ended_ms, deleted_ms is not None)
        if made:
            self._latest[member] = (job_id, made)

    def _parent(self, member: int) -> tuple[str | None, int | None]:
        if member not in self._latest or self._chance.random() > 0.2:
            return None, None
        job_id, made = self._latest[member]
        return job_id, self._chance.randrange(made)

    def _images(
        self,
        tables: _Tables,
        owner: tuple[int, int],
        job_id: str,
        count: int,
        made: int,
        created_ms: int,
        ended_ms: int | None,
    ) -> None:
        for position in range(count):
            is_made = position < made
            seed = self._chance.getrandbits(32)
            state = "waiting" if ended_ms is None else "done" if is_made else "cancelled"
            tables.add(
                _INTO["images"], job_id, position, owner[0], seed, 64, 64, state,
                f"images/{owner[0]}/{job_id}-{position}.png" if is_made else None,
                1_400_000 if is_made else None, f"{seed:08x}" * 8 if is_made else None,
                f"{seed:08x}" * 4 if is_made else None, 0.4 if is_made else None,
                ended_ms if is_made else None,
            )  # fmt: skip
            entry = (*owner, job_id, position)
            tables.add(_INTO["ledger"], *entry, "reserve", -10, created_ms, created_ms)
            if ended_ms is None:
                continue
            end = ("settle", 0) if is_made else ("refund", 10)
            tables.add(_INTO["ledger"], *entry, *end, created_ms, ended_ms)
            if is_made or position == made:
                outcome = "done" if is_made else "lost" if self._chance.random() < 0.05 else "cancelled"
                attempt = (job_id, position, owner[0], f"{job_id}.0", created_ms, ended_ms, outcome)
                tables.add(_INTO["attempts"], *attempt)

    def _told(
        self,
        tables: _Tables,
        owner: tuple[int, int],
        job_id: str,
        number: int,
        made: int,
        ended_ms: int,
        is_deleted: bool,
    ) -> None:
        message_id = ((ended_ms - _SNOWFLAKE_EPOCH_MS) << 22) + number % 4096
        is_kept = bool(made) and not is_deleted and self._chance.random() < 0.002
        is_kept = is_kept and owner[1] != HEAVIEST
        told = (None, None, None, None) if is_kept else ("reply", 1, message_id, ended_ms)
        state = "kept" if is_kept else "sent"
        tables.add(_INTO["outbox"], job_id, *owner, state, ended_ms, job_id, *told)
        if is_deleted:
            return
        for position in range(made):
            tables.add(
                _INTO["posted_images"], message_id, position, job_id, owner[0], 1, "delivery", ended_ms
            )
        if made and self._chance.random() < 0.05:
            for position in range(min(made, 2)):
                tables.add(_INTO["favourites"], *owner, job_id, position, ended_ms, number)
        if self._now_ms - ended_ms < DAY_MS:
            tables.add(_INTO["presses"], *owner, message_id, f"kb:reroll:{job_id}", ended_ms, job_id)


def owners(scale: Scale) -> Iterable[tuple[int, int]]:
    """Return the server and id of every member, the heaviest first."""
    for member in range(scale.members):
        yield FIRST_SERVER + member % scale.servers, FIRST_MEMBER + member
