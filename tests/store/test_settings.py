from dataclasses import replace

from kleinbot.domain.people import MemberKey
from kleinbot.domain.server_settings import MemberSettings, ServerSettings
from kleinbot.store.database import Database
from kleinbot.store.members import members, settings

ADA, ELSEWHERE = MemberKey(1, 7), MemberKey(2, 7)


async def test_each_server_and_member_has_settings_of_its_own(database: Database) -> None:
    chosen = ServerSettings(5, "de", False, 180, 10, 11)
    async with database.transaction() as transaction:
        for member in (ADA, ELSEWHERE):
            await members.remember(transaction, member, 0)
        assert await settings.of_server(transaction, ADA.server_id) == ServerSettings()
        assert await settings.of_member(transaction, ADA) == MemberSettings()
        await settings.set_of_server(transaction, ADA.server_id, chosen)
        await settings.set_of_server(transaction, ADA.server_id, replace(chosen, retention_days=None))
        await settings.set_of_member(transaction, ADA, MemberSettings(others_may_edit=True))
        await settings.set_of_member(transaction, ADA, MemberSettings(None, previews=False))
    async with database.transaction() as reader:
        assert await settings.of_server(reader, ADA.server_id) == replace(chosen, retention_days=None)
        assert await settings.of_server(reader, ELSEWHERE.server_id) == ServerSettings()
        assert await settings.of_member(reader, ADA) == MemberSettings(None, previews=False)
        assert await settings.of_member(reader, ELSEWHERE) == MemberSettings()
