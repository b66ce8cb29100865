"""A restarted stand-in has the same servers, channels and people."""

from kleinbot.sandbox import FakeDiscord


async def test_servers_channels_and_people_are_the_same_after_a_restart_and_namesakes_are_not() -> None:
    found = []
    for _ in range(2):
        async with FakeDiscord() as standin:
            server = standin.world.add_server("Sandbox")
            channel = standin.world.add_channel(server, "pictures")
            ada, bob = (standin.world.add_member(server, name) for name in ("ada", "bob"))
            namesake = standin.world.add_channel(server, "pictures")
            elsewhere = standin.world.add_channel(standin.world.add_server("Other"), "pictures")
            direct = await ada.direct_channel()
            everybody = (ada.id, bob.id, standin.world.owner.id, standin.state.application_id)
            found.append((server.id, channel.id, direct.id, *everybody))
            assert len({*found[-1], namesake.id, elsewhere.id}) == 9
    assert found[0] == found[1]
