"""Input pictures: fetched or taken from the archive, and brought to the size at which the model looks."""

from collections.abc import Awaitable, Callable

from kleinbot.archive.archive import Archive, PictureGoneError
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.geometry import Grid
from kleinbot.domain.job import Job
from kleinbot.domain.reference import Role
from kleinbot.domain.requests import Attached
from kleinbot.images.cpu_pool import CpuPool
from kleinbot.images.intake import Intake
from kleinbot.images.labelled import encode_reference
from kleinbot.images.limits import check_bytes
from kleinbot.studio.recipes import Input
from kleinbot.studio.sources import Chosen

Fetch = Callable[[str], Awaitable[bytes]]


class Inputs:
    """Makes inputs. ``max_tokens`` is the largest picture that this host draws."""

    def __init__(
        self, archive: Archive, intake: Intake, pool: CpuPool, fetch: Fetch, max_tokens: int
    ) -> None:
        self._archive = archive
        self._intake = intake
        self._pool = pool
        self._fetch = fetch
        self._max_tokens = max_tokens

    async def of(self, member_id: int, source: Chosen | Attached, role: Role, *, grows: bool = True) -> Input:
        """Read a picture of ours, or fetch and read somebody's, for a member. For ``grows`` see ``Sizing``.

        Raises Refusal PICTURE_GONE, and the refusals of ``Fetcher`` and ``Intake``.
        """
        if isinstance(source, Chosen):
            data = await self._read(source.image.file or "", source.job)
        else:
            check_bytes(source.byte_count or 0)
            data = await self._fetch(source.address)
        pixels = await self._intake.read_reference(data, member_id, self._max_tokens, grows=grows)
        png = await self._pool.run(encode_reference, pixels)
        return Input(role, png, Grid.of_pixels(pixels.width_px, pixels.height_px))

    async def copies(self, job: Job) -> tuple[Input, ...]:
        """Take the inputs of an earlier job as they are: each job owns its own. Raises PICTURE_GONE."""
        return tuple(
            [
                Input(reference.role, await self._read(reference.file, job), reference.grid)
                for reference in job.references
            ]
        )

    async def _read(self, file: str, job: Job) -> bytes:
        try:
            return await self._archive.read(file)
        except PictureGoneError as error:
            raise Refusal(Code.PICTURE_GONE, number=str(job.number)) from error
