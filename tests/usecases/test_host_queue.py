import pytest

from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.people import Actor
from kleinbot.usecases.owner.owner_queue import OwnerQueue
from tests.usecase_harness import ADA, MODERATOR, OWNER, UseCaseHarness


def _queue(harness: UseCaseHarness) -> OwnerQueue:
    return OwnerQueue(harness.database, harness.scheduler, harness.queries)


@pytest.mark.parametrize("actor", [ADA, MODERATOR])
async def test_nobody_but_the_host_reads_the_line_of_all_servers(
    harness: UseCaseHarness, actor: Actor
) -> None:
    await harness.imagine()
    queue = _queue(harness)
    for work in (queue.page(actor, 0), queue.first(actor, 5)):
        with pytest.raises(Refusal) as caught:
            await work
        assert caught.value.code is Code.NOT_THE_HOST
    assert [row.member_id for row in await queue.first(OWNER, 5)] == [ADA.member_id]
