"""The share of the GPU with which a server starts."""

from kleinbot.domain.people import MemberKey
from kleinbot.store.members import members, servers
from kleinbot.usecases.owner.new_servers import NewServers
from kleinbot.usecases.owner.server_shares import ServerShares
from tests.usecase_harness import UseCaseHarness

BEFORE, PRESENT, LATER, MUCH_LATER = 10, 11, 12, 13


def newcomers(harness: UseCaseHarness, shares: ServerShares, share: float = 0.25) -> NewServers:
    return NewServers(harness.database, shares, harness.scheduler, share, harness.clock)


async def ask(harness: UseCaseHarness, server_id: int) -> None:
    """Submit a request of a server's member."""
    async with harness.database.transaction() as transaction:
        await members.remember(transaction, MemberKey(server_id, 1), harness.clock.now_ms())


async def rows(harness: UseCaseHarness) -> dict[int, float]:
    return await servers.shares(harness.database.read)


async def test_who_is_there_at_first_has_a_full_share_and_later_ones_a_small_one(
    harness: UseCaseHarness,
) -> None:
    await ask(harness, BEFORE)
    shares = ServerShares()
    await newcomers(harness, shares).begin()
    assert shares.share(PRESENT) == shares.share(LATER) == 1.0
    await newcomers(harness, shares).register_present([PRESENT])
    assert (shares.share(PRESENT), shares.share(LATER)) == (1.0, 0.25)
    await ask(harness, LATER)
    await newcomers(harness, shares).register_present([PRESENT, LATER, MUCH_LATER])
    assert await rows(harness) == {BEFORE: 1.0, PRESENT: 1.0, LATER: 0.25}


async def test_another_setting_holds_for_those_who_join_after_it(harness: UseCaseHarness) -> None:
    await newcomers(harness, ServerShares()).register_present([PRESENT])
    await ask(harness, LATER)
    shares = ServerShares()
    await newcomers(harness, shares, 0.5).begin()
    await ask(harness, MUCH_LATER)
    assert (shares.share(LATER), shares.share(MUCH_LATER)) == (0.25, 0.5)
    assert await rows(harness) == {PRESENT: 1.0, LATER: 0.25, MUCH_LATER: 0.5}


async def test_what_the_host_has_set_stays(harness: UseCaseHarness) -> None:
    await newcomers(harness, ServerShares()).register_present([PRESENT])
    async with harness.database.transaction() as transaction:
        await servers.set_share(transaction, PRESENT, 3.0)
    shares = ServerShares()
    await newcomers(harness, shares, 0.5).begin()
    await newcomers(harness, shares, 0.5).register_present([PRESENT])
    assert shares.share(PRESENT) == 3.0
