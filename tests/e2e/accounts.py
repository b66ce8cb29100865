"""The books: whether every job, image, reservation, file and message is there exactly once.

Reads what is left when no bot runs: the database file, the archive, and what the stand-in's people see.
``record`` adds a table and triggers to the database, so that states that were passed through are known too.
"""

import hashlib
import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from kleinbot.archive.mark import MARK_FILE
from kleinbot.archive.names import is_temporary
from kleinbot.domain.clock import HOUR_MS, SystemClock
from kleinbot.domain.errors import Code
from kleinbot.images.labelled import decode_own, pixel_hash
from kleinbot.sandbox import Channel, Message
from kleinbot.store.migrations import load_migrations, migrate

DATABASE = "kleinbot.sqlite3"
ARCHIVE = "archive"

_FILE_SHOWN = re.compile(r"kleinbot-(\d+)-[0-9a-f]{8}-([1-9]\d?)\.(\w+)")
_CANCEL = "kb:cancel:"
_CANCELLED_BY_OTHERS = (Code.CANCELLED_BY_MODERATOR, Code.CANCELLED_BY_HOST)
_ENDED = ("done", "failed", "cancelled", "expired")
_RECORDED = """
CREATE TABLE IF NOT EXISTS recorded (what TEXT, job_id TEXT, position INTEGER, old TEXT, new TEXT);
CREATE TRIGGER IF NOT EXISTS record_jobs AFTER UPDATE OF state ON jobs WHEN OLD.state != NEW.state
BEGIN INSERT INTO recorded VALUES ('job', NEW.job_id, NULL, OLD.state, NEW.state); END;
CREATE TRIGGER IF NOT EXISTS record_images AFTER UPDATE OF state ON images WHEN OLD.state != NEW.state
BEGIN INSERT INTO recorded VALUES ('image', NEW.job_id, NEW.position, OLD.state, NEW.state); END;
CREATE TRIGGER IF NOT EXISTS record_outbox AFTER UPDATE OF state ON outbox WHEN OLD.state != NEW.state
BEGIN INSERT INTO recorded VALUES ('outbox', NEW.job_id, NULL, OLD.state, NEW.state); END;
CREATE TABLE IF NOT EXISTS recorded_events (event_id INTEGER, job_id TEXT);
CREATE TRIGGER IF NOT EXISTS record_events AFTER INSERT ON accepted_events
BEGIN INSERT INTO recorded_events VALUES (NEW.event_id, NULL); END;
CREATE TRIGGER IF NOT EXISTS record_jobs_of_events AFTER INSERT ON jobs
BEGIN INSERT INTO recorded_events SELECT event_id, NEW.job_id FROM recorded_events
WHERE rowid = (SELECT MAX(rowid) FROM recorded_events WHERE job_id IS NULL); END;
"""
"""An event is accepted in the transaction of its job, before it."""

Rows = list[sqlite3.Row]


def record(folder: Path) -> None:
    """Make the database where there is none yet, and let it note every change of state from now on."""
    folder.mkdir(parents=True, exist_ok=True)
    migrate(folder / DATABASE, load_migrations(), SystemClock())
    with closing(sqlite3.connect(folder / DATABASE)) as connection:
        connection.executescript(_RECORDED)


def rows(folder: Path, sql: str) -> Rows:
    """Return what a query finds."""
    with closing(sqlite3.connect(folder / DATABASE)) as connection:
        connection.row_factory = sqlite3.Row
        return connection.execute(sql).fetchall()


def numbers(folder: Path, sql: str) -> dict[str, int]:
    """Return a query's names and numbers, its first two columns."""
    return {str(row[0]): row[1] for row in rows(folder, sql)}


@dataclass(frozen=True)
class Seen:
    """What people see and were told. ``promised``: the jobs of which somebody read that they are in line."""

    channels: tuple[Channel, ...] = ()
    promised: Collection[str] = ()
    doubts: Mapping[str, int] = field(default_factory=dict)
    """How often, for each job, the last token died by which a private message of its could be looked at.

    What was sent just before is then sent again: better twice than never.
    """


@dataclass
class Books:
    """What one look over everything finds; ``findings`` is empty where it adds up."""

    folder: Path
    seen: Seen
    may_be_kept: bool = False
    largest_batch: int = 4
    is_swept: bool = False
    """Whether what interrupted writes leave has been removed, as a start does with what is an hour old."""

    findings: list[str] = field(default_factory=list)
    shown_twice: int = 0

    def check(self) -> list[str]:
        """Look at everything; return what does not add up."""
        checks: tuple[Callable[[], Iterator[str]], ...] = (
            self._jobs,
            self._states_passed_through,
            self._events,
            self._ledger,
            self._late_cancels,
            self._files,
            self._attempts,
            self._outbox,
            self._messages,
            self._promises,
        )
        self.findings = [finding for check in checks for finding in check()]
        return self.findings

    def check_untold(self) -> list[str]:
        """Look at everything but what people were told, where nobody delivers."""
        checks = (
            self._jobs, self._states_passed_through, self._ledger, self._late_cancels, self._files,
            self._attempts,
        )  # fmt: skip
        self.findings = [finding for check in checks for finding in check()]
        return self.findings

    def _rows(self, sql: str) -> Rows:
        return rows(self.folder, sql)

    def _jobs(self) -> Iterator[str]:
        for row in self._rows("SELECT job_id, state FROM jobs"):
            if row["state"] not in _ENDED:
                yield f"job {row['job_id']} is {row['state']}"
        for row in self._rows("SELECT job_id, position, state FROM images"):
            if row["state"] in ("waiting", "running"):
                yield f"image {row['job_id']}/{row['position']} is {row['state']}"
        for row in self._rows(
            "SELECT job_id, j.state, j.error_code, SUM(i.state = 'done') AS done, COUNT(*) AS count, j.count"
            " AS asked FROM jobs j JOIN images i USING (job_id) GROUP BY job_id"
        ):
            if row["count"] != row["asked"]:
                yield f"job {row['job_id']} has {row['count']} images, not {row['asked']}"
            if (row["state"] == "done") != (row["done"] == row["count"]):
                yield f"job {row['job_id']} is {row['state']} with {row['done']} of {row['count']} images"
            told = row["state"] == "failed" or row["error_code"] in _CANCELLED_BY_OTHERS
            if told != (row["error_code"] is not None):
                yield f"job {row['job_id']} is {row['state']} for {row['error_code']}"

    def _states_passed_through(self) -> Iterator[str]:
        if not self._rows("SELECT 1 FROM sqlite_master WHERE name = 'recorded'"):
            return
        for row in self._rows("SELECT * FROM recorded"):
            name = f"{row['what']} {row['job_id']}/{row['position']}: {row['old']} → {row['new']}"
            if row["old"] in (*_ENDED, "sent"):
                yield f"{name} after its end"

    def _events(self) -> Iterator[str]:
        if not self._rows("SELECT 1 FROM sqlite_master WHERE name = 'recorded_events'"):
            return
        for row in self._rows(
            "SELECT event_id, COUNT(job_id) AS jobs, COUNT(*) - COUNT(job_id) AS times FROM recorded_events"
            " GROUP BY event_id HAVING jobs > 1 OR times > 1"
        ):
            yield f"event {row['event_id']} was accepted {row['times']} times and made {row['jobs']} jobs"

    def _ledger(self) -> Iterator[str]:
        for row in self._rows(
            "SELECT job_id, position, SUM(kind = 'reserve') AS begun,"
            " SUM(kind IN ('settle', 'refund')) AS ended FROM ledger WHERE job_id IS NOT NULL"
            " GROUP BY job_id, position, COALESCE(grant_id, 0)"
        ):
            if (row["begun"], row["ended"]) != (1, 1):
                yield (
                    f"image {row['job_id']}/{row['position']}: {row['begun']} reservations in a pot,"
                    f" {row['ended']} ends"
                )
        for row in self._rows(
            "SELECT i.job_id, i.position, i.state, j.price_tenths, j.used_tenths,"
            " COALESCE(SUM(l.amount_tenths), 0) AS sum,"
            " COALESCE(SUM(l.kind = 'settle'), 0) AS settled, COUNT(l.entry_id) AS entries"
            " FROM images i JOIN jobs j USING (job_id) LEFT JOIN ledger l USING (job_id, position)"
            " GROUP BY i.job_id, i.position"
        ):
            owed = -row["price_tenths"] if row["state"] == "done" else 0
            least = -row["price_tenths"] if row["state"] == "cancelled" and row["used_tenths"] else owed
            is_settled = (row["settled"] > 0) == (row["state"] == "done")
            if not least <= row["sum"] <= owed or not is_settled or not row["entries"]:
                yield (
                    f"image {row['job_id']}/{row['position']} is {row['state']}, entries sum to {row['sum']},"
                    f" not {owed}, {row['settled']} of {row['entries']} are settlements"
                )

    def _late_cancels(self) -> Iterator[str]:
        """What was used of a job counts where its member has cancelled another one in the hour before."""
        for row in self._rows(
            "SELECT j.job_id, j.state, j.error_code, j.used_tenths, COALESCE(SUM(l.amount_tenths), 0) AS sum,"
            " (SELECT COUNT(*) FROM jobs o WHERE o.member_id = j.member_id AND o.job_id != j.job_id"
            f"  AND o.used_tenths IS NOT NULL AND o.ended_ms > j.ended_ms - {HOUR_MS}"
            "   AND o.ended_ms <= j.ended_ms) AS earlier"
            " FROM jobs j JOIN images i USING (job_id) LEFT JOIN ledger l USING (job_id, position)"
            " WHERE i.state = 'cancelled' GROUP BY job_id"
        ):
            if -row["sum"] != (row["used_tenths"] or 0):
                yield f"job {row['job_id']}: {-row['sum']} are paid for nothing, not {row['used_tenths']}"
            if row["used_tenths"] is not None and (row["state"] != "cancelled" or row["error_code"]):
                yield f"job {row['job_id']} is {row['state']} for {row['error_code']} and was used"
            if row["used_tenths"] and not row["earlier"]:
                yield f"job {row['job_id']} costs {row['used_tenths']}, and it is the first in an hour"

    def _files(self) -> Iterator[str]:
        archive = self.folder / ARCHIVE
        there = {path.relative_to(archive).as_posix() for path in archive.rglob("*") if path.is_file()}
        there.discard(MARK_FILE)
        pictures = self._rows(
            "SELECT file, bytes, sha256, pixel_hash FROM images JOIN jobs USING (job_id)"
            " WHERE file IS NOT NULL AND deleted_ms IS NULL"
        )
        references = self._rows(
            "SELECT file, NULL AS bytes, sha256, NULL AS pixel_hash FROM job_references"
            " JOIN jobs USING (job_id) WHERE deleted_ms IS NULL"
        )
        known = [*pictures, *references]
        for name, times in Counter(row["file"] for row in known).items():
            if times > 1:
                yield f"file {name} belongs to {times} rows"
        for name in sorted(there - {row["file"] for row in known}):
            if self.is_swept or not is_temporary(name):
                yield f"file {name} belongs to nobody"
        for row in known:
            if row["file"] not in there:
                yield f"file {row['file']} is not there"
            elif finding := _wrong_with(archive / row["file"], row):
                yield f"file {row['file']} {finding}"

    def _attempts(self) -> Iterator[str]:
        for row in self._rows("SELECT job_id, position FROM attempts WHERE outcome = 'running'"):
            yield f"an attempt at {row['job_id']}/{row['position']} is still running"
        for row in self._rows(
            "SELECT i.job_id, i.position, i.state, COALESCE(SUM(a.outcome = 'done'), 0) AS done FROM images i"
            " LEFT JOIN attempts a USING (job_id, position) GROUP BY i.job_id, i.position"
        ):
            if row["done"] != (row["state"] == "done"):
                name = f"image {row['job_id']}/{row['position']}"
                yield f"{name} is {row['state']}, {row['done']} of its attempts are done"
        batches = defaultdict(list)
        for row in self._rows(
            "SELECT a.*, i.columns, i.rows, j.steps, j.checkpoint,"
            " (SELECT group_concat(r.columns || 'x' || r.rows || CASE r.role WHEN 'start' THEN j.strength"
            "  ELSE '' END) FROM job_references r WHERE r.job_id = a.job_id) AS inputs"
            " FROM attempts a JOIN images i USING (job_id, position) JOIN jobs j USING (job_id)"
        ):
            batches[row["batch_id"], row["started_ms"]].append(row)
        for (batch_id, _), members in batches.items():
            shapes = {tuple(row[name] for name in _SHAPE) for row in members}
            if len(shapes) > 1:
                yield f"batch {batch_id} has {len(shapes)} shapes"
            if len(members) > self.largest_batch or len({_key(row) for row in members}) != len(members):
                yield f"batch {batch_id} has {len(members)} members"

    def _outbox(self) -> Iterator[str]:
        fine = ("sent", "kept") if self.may_be_kept else ("sent",)
        for row in self._rows("SELECT job_id, o.state FROM jobs LEFT JOIN outbox o USING (job_id)"):
            if row["state"] not in fine:
                yield f"job {row['job_id']} is not told: {row['state']}"
        for row in self._rows("SELECT r.job_id FROM replies r JOIN outbox o USING (job_id)"):
            yield f"the token of job {row['job_id']} is still kept"

    def _messages(self) -> Iterator[str]:
        if not self.seen.channels:
            return
        shown = _shown(self.seen.channels)
        known = set()
        for row in self._rows(
            "SELECT i.*, j.number, j.deleted_ms, o.way FROM images i JOIN jobs j USING (job_id)"
            " LEFT JOIN outbox o USING (job_id)"
        ):
            name = (row["server_id"], row["number"], row["position"])
            known.add(name)
            copies = shown[name]
            told = row["way"] in ("reply", "channel", "handed_over")
            wanted = int(row["state"] == "done" and told and row["deleted_ms"] is None)
            self.shown_twice += len(copies) > 1
            if len(copies) > max(wanted, row["way"] is None) + self.seen.doubts.get(row["job_id"], 0):
                yield f"picture #{name[1]}/{name[2] + 1} of {name[0]} is shown {len(copies)} times"
            if len(copies) < wanted:
                yield f"picture #{name[1]}/{name[2] + 1} of {name[0]} is not shown ({row['way']})"
            if any(digest not in (None, row["sha256"]) for digest in copies):
                yield f"picture #{name[1]}/{name[2] + 1} of {name[0]} is shown with other bytes"
        for name in shown.keys() - known:
            yield f"picture #{name[1]}/{name[2] + 1} of {name[0]} belongs to no row"
        yield from self._last_words()

    def _last_words(self) -> Iterator[str]:
        """A first response that was edited last by its delivery has no cancel button any more."""
        messages = {message.id: message for message in _all(self.seen.channels)}
        for row in self._rows("SELECT job_id, message_id FROM outbox WHERE way IN ('reply', 'channel')"):
            if (message := messages.get(row["message_id"])) is None:
                yield f"the message of job {row['job_id']} is not there"
            elif waiting_jobs(message):
                yield f"the message of job {row['job_id']} still says that it waits"

    def _promises(self) -> Iterator[str]:
        known = {row["job_id"] for row in self._rows("SELECT job_id FROM jobs")}
        for job_id in set(self.seen.promised) - known:
            yield f"job {job_id} was promised and is lost"


_SHAPE = ("columns", "rows", "steps", "checkpoint", "inputs")


def _key(row: sqlite3.Row) -> tuple[str, int]:
    return row["job_id"], row["position"]


def _wrong_with(path: Path, row: sqlite3.Row) -> str | None:
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != row["sha256"]:
        return "has other bytes than its row says"
    if row["bytes"] not in (None, len(data)):
        return f"has {len(data)} bytes, not {row['bytes']}"
    try:
        pixels = decode_own(data)
    except OSError as error:
        return f"is damaged: {error}"
    if row["pixel_hash"] not in (None, pixel_hash(pixels)):
        return "has other pixels than its row says"
    return None


def _all(channels: Iterable[Channel]) -> Iterator[Message]:
    for channel in channels:
        yield from channel.log.values()


def _shown(channels: Iterable[Channel]) -> dict[tuple[int, int, int], list[str | None]]:
    """Return, by server, number and position, the hash of each copy that is seen; None: recompressed."""
    shown: dict[tuple[int, int, int], list[str | None]] = defaultdict(list)
    for message in _all(channels):
        if message.channel.server is None:
            continue
        for picture in message.pictures:
            if match := _FILE_SHOWN.fullmatch(picture.filename):
                name = (message.channel.server.id, int(match[1]), int(match[2]) - 1)
                shown[name].append(hashlib.sha256(picture.data).hexdigest() if match[3] == "png" else None)
    return shown


def waiting_jobs(message: Message) -> list[str]:
    """Return the jobs that a message says are in line, by its cancel buttons."""
    ids = (button.custom_id or "" for button in message.buttons)
    return [custom_id.removeprefix(_CANCEL) for custom_id in ids if custom_id.startswith(_CANCEL)]


def assert_accounted_for(folder: Path, channels: Iterable[Channel], promised: Collection[str] = ()) -> None:
    """Assert that everything adds up and everybody was told."""
    findings = Books(folder, Seen(tuple(channels), promised)).check()
    assert not findings, "\n".join(findings)
