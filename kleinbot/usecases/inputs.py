"""Input pictures: downloaded or read from the archive, then scaled to the model's input size."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager

from kleinbot.archive.archive import Archive, PictureGoneError
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.geometry import Grid
from kleinbot.domain.job import Job
from kleinbot.domain.reference import Role
from kleinbot.domain.requests import Attached
from kleinbot.images.cpu_pool import CpuPool
from kleinbot.images.fetch import Reserve
from kleinbot.images.intake.inbound import Inbound, Reservation
from kleinbot.images.intake.intake import Intake
from kleinbot.images.labelled import encode_reference
from kleinbot.images.limits import check_bytes
from kleinbot.images.written.facts import PictureFacts
from kleinbot.usecases.recipes import Input
from kleinbot.usecases.sources import Chosen, origin_of

Fetch = Callable[[str, Reserve], Awaitable[bytes]]
_HEADERS_BYTES = 64 * 1024
"""An upper bound of the bytes that our PNGs hold besides pixels."""


class Inputs:
    """Reads inputs. ``max_tokens``: the largest grid that this bot renders."""

    def __init__(
        self,
        archive: Archive,
        inbound: Inbound,
        intake: Intake,
        pool: CpuPool,
        fetch: Fetch,
        max_tokens: int,
    ) -> None:
        self._archive = archive
        self._inbound = inbound
        self._intake = intake
        self._pool = pool
        self._fetch = fetch
        self._max_tokens = max_tokens

    @contextmanager
    def arriving(self, member_id: int, sources: Sequence[Chosen | Attached]) -> "Iterator[Arriving]":
        """Reserve the memory to read ``sources`` one after the other, before the first is read.

        Raises Refusal PICTURE_TOO_MANY_BYTES, DOWNLOADS_OF_MEMBER or DOWNLOADS_FULL.
        """
        largest = max(map(_most_bytes, sources), default=0)
        check_bytes(largest)
        with self._inbound.reserve(member_id, largest) as reservation:
            yield Arriving(self, member_id, reservation)

    async def read(
        self,
        source: Chosen | Attached,
        role: Role,
        member_id: int,
        reservation: Reservation,
        *,
        upscales: bool,
    ) -> Input:
        """Read one picture; called by ``Arriving``."""
        if isinstance(source, Chosen):
            data = await self.read_own(source.image.file or "", source.job)
        else:
            data = await self._fetch(source.address, reservation.reach)
        pixels = await self._intake.read_reference(data, member_id, self._max_tokens, upscales=upscales)
        png = await self._pool.run(encode_reference, pixels)
        grid = Grid.of_pixels(pixels.width_px, pixels.height_px)
        return Input(role, png, grid, origin_of(source, member_id))

    async def facts(self, attached: Attached, member_id: int) -> PictureFacts:
        """Download a picture and return what its file tells. Raises the refusals of ``Arriving.of``."""
        check_bytes(attached.byte_count or 0)
        with self._inbound.reserve(member_id, attached.byte_count or 1) as reservation:
            data = await self._fetch(attached.address, reservation.reach)
            return await self._intake.read_facts(data, member_id)

    async def read_own(self, file: str, job: Job) -> bytes:
        """Read an archived file of ``job``. Raises Refusal PICTURE_GONE."""
        try:
            return await self._archive.read(file)
        except PictureGoneError as error:
            raise Refusal(Code.PICTURE_GONE, number=str(job.number)) from error


class Arriving:
    """Reads one request's pictures. Its reservation covers one source at a time and all finished inputs."""

    def __init__(self, inputs: Inputs, member_id: int, reservation: Reservation) -> None:
        self._inputs = inputs
        self._member_id = member_id
        self._reservation = reservation

    async def of(self, source: Chosen | Attached, role: Role, *, upscales: bool = True) -> Input:
        """Read a picture of ours, or download and read an attached one. For ``upscales`` see ``Sizing``.

        Raises Refusal PICTURE_GONE, and the refusals of ``Fetcher``, ``Intake`` and ``Inbound``.
        """
        self._reservation.reach(_most_bytes(source))
        made = await self._inputs.read(source, role, self._member_id, self._reservation, upscales=upscales)
        self._reservation.keep(len(made.png))
        return made

    async def copies(self, job: Job) -> tuple[Input, ...]:
        """Copy the inputs of an earlier job unchanged, since each job owns its files.

        Raises Refusal PICTURE_GONE, and the refusals of ``Inbound``.
        """
        copies = []
        for reference in job.spec.references:
            self._reservation.reach(_pixel_bytes(reference.grid))
            data = await self._inputs.read_own(reference.file, job)
            self._reservation.keep(len(data))
            copies.append(Input(reference.role, data, reference.grid, reference.origin))
        return tuple(copies)


def _most_bytes(source: Chosen | Attached) -> int:
    """Return the file's size in bytes, or 1 if it is unknown; the download then reserves the rest."""
    if isinstance(source, Chosen):
        return _pixel_bytes(source.image.grid)
    return source.byte_count or 1


def _pixel_bytes(grid: Grid) -> int:
    return 3 * grid.width_px * grid.height_px + _HEADERS_BYTES
