"""A request that had passed the gate before its server was banned is refused by the transaction itself."""

from dataclasses import replace

import pytest

from kleinbot.domain.errors import Code, Refusal
from kleinbot.usecases.owner.server_bans import BannedServers, ServerBans
from tests.usecase_harness import ADA, OWNER, STRANGER, UseCaseHarness


async def test_no_request_slips_past_a_ban(harness: UseCaseHarness) -> None:
    banned, woken = BannedServers(), []
    bans = ServerBans(harness.database, banned, lambda: woken.append(1), harness.clock)
    await bans.ban(OWNER, ADA.server_id, {ADA.server_id}, "")
    assert (ADA.server_id in banned, woken) == (True, [1])
    with pytest.raises(Refusal) as refused:
        await harness.imagine(ADA)
    assert refused.value.code is Code.SERVER_BANNED
    await harness.imagine(STRANGER)
    await bans.lift(OWNER, ADA.server_id)
    await harness.imagine(ADA)
    with pytest.raises(Refusal) as refused:
        await bans.ban(replace(ADA, is_admin=True), ADA.server_id, {ADA.server_id}, "")
    assert refused.value.code is Code.NOT_THE_HOST
