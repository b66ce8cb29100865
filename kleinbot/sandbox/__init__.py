"""A stand-in for Discord on loopback, for tests and for trying out the bot without an account.

It implements gateway v10 and the REST routes that the bot uses on one TLS listener, with Discord's errors.
The client is the real discord.py, unpatched: it only gets a connector that resolves every host name to the
stand-in. This package imports nothing of the bot and nothing of discord.py.

    async with FakeDiscord(now=clock) as standin:                   # now: a callable giving unix seconds
        server = standin.world.add_server("Studio", boost_tier=0)
        channel = standin.world.add_channel(server, "pictures", nsfw=False)
        ada = standin.world.add_member(server, "ada", permissions=("manage_messages",))
        root = standin.world.add_member(server, "root", permissions=("administrator",))
        owner = standin.world.owner                               # the application's owner (a Person)
        bot = Bot(connector=standin.connector()); task = create_task(bot.start(standin.token))
        await standin.online(timeout_s=5)                         # identified
        await standin.registered("imagine", timeout_s=5)          # the command is known

        handle = await ada.command(channel, "imagine", prompt="a fox", count=2, image=Path("cat.png"))
        handle = await ada.command(channel, "quota give", member=root)        # subcommands by path
        await handle.acknowledged(timeout_s=3)                    # raises WaitTimeoutError
        handle.acknowledged_after_s, handle.kind                  # kind: an Answer (MESSAGE, DEFERRED, …)
        handle.response                                           # Message | None: the original one, live
        handle.messages                                           # original first, then follow-ups
        done = await handle.message_where(lambda m: m.pictures, timeout_s=10)
        only_ada = handle.response.is_ephemeral

        again = await ada.press(done, label="Vary 1")             # or custom_id=…
        pick = await ada.select(done, ["portrait"], custom_id="aspect")
        form = await ada.press(done, label="Edit")
        modal = await form.modal_opened(timeout_s=3)              # Modal: title, custom_id, fields
        sent = await ada.submit(form, {"Prompt": "a wolf", "Picture": [Path("cat.png")]})  # or custom_id
        choices = await ada.autocomplete(channel, "imagine", "style", "wat", timeout_s=3)  # list[Choice]
        shown = await ada.menu(done, "Show recipe")               # a Person as target: the user menu
        private = await ada.direct_channel()                      # a DM channel to use commands in

    Message   .id .text .content .texts_so_far .buttons .selects .attachments .gallery .pictures .embeds
              .is_ephemeral .is_loading .is_v2 .is_deleted .author_id .payload (as on the wire)
              .button(label=…|custom_id=…)
    Button    .label .custom_id .url .disabled .style        Attachment .filename .data .description .url
    Picture   .filename .data .alt_text .spoiler             (what a person sees: gallery, or attachments)
    Channel   .messages (public, oldest first)  .message_where(predicate, timeout_s=…)
              .next_message(predicate, timeout_s=…)  (each message is handed out once)

    standin.limits                    Limits, changeable: acknowledge_s, token_life_s, file_bytes, …
    standin.break_next("PATCH /webhooks/*", status=500, code=0, times=1)   # or drop=True (before doing it),
                                      # drop_answer=True (do it, lose the answer), status=429 + retry_after_s
    standin.hang_next_upload(20.0, is_done=True)              # a request with files; clear_faults() ends all
    standin.delete_message(message); standin.delete_channel(channel); standin.delete_server(server)
    standin.deny(channel, "send_messages"); standin.allow(channel, "send_messages")   # the bot's permissions
    standin.misbehaviour.events_twice = True      # and others: see Misbehaviour; all are off
    standin.rate_limit("POST /channels/*/messages", 1, 0.5, scope="user")     # a bucket, with headers
    standin.cloudflare("PATCH /webhooks/*", via=False)        # an HTML page instead of an answer
    await standin.close_gateway(4014)                         # any close code
    await standin.ask_reconnect()     # op 7;   await standin.drop_gateway()   # connection lost
    await standin.resumed(times=1, timeout_s=5)
    standin.exchanges                 # list[Exchange]: method route path query body files status answer
                                      # started_at took_s;  .exchanges_of("POST", "/channels/*/messages")
    await standin.exchange_where(predicate, timeout_s=…)
    standin.on_exchange.append(hook)  # hook(Exchange), must not raise
    standin.identifies                # what clients sent as IDENTIFY
    MovableClock().advance(16 * 60)   # a clock for now=; expires a token without waiting

For a bot in another process:

    address = standin.address(folder)             # Address(port, ca_pem_path); writes the CA there
    connector_for(address)                        # in that process, within a running loop

An action that a person's own client would prevent (an unknown command, a missing option, a disabled
button) raises PersonError. A wait without its event raises WaitTimeoutError (a TimeoutError).
"""

from kleinbot.sandbox.people.handle import AutocompleteChoice, InteractionHandle
from kleinbot.sandbox.people.messages import Attachment, Select, ShownButton, ShownPicture
from kleinbot.sandbox.people.modals import Field, Modal
from kleinbot.sandbox.people.person import Person
from kleinbot.sandbox.people.waiting import WaitTimeoutError
from kleinbot.sandbox.rules.errors import PersonError
from kleinbot.sandbox.rules.limits import DiscordLimits
from kleinbot.sandbox.server.cdn import Upload
from kleinbot.sandbox.server.channels import Channel, Guild, ShownMessage
from kleinbot.sandbox.server.clock import MovableClock, Now
from kleinbot.sandbox.server.fake_discord import FakeDiscord
from kleinbot.sandbox.server.state import Answer
from kleinbot.sandbox.server.transport import Address, connector_for
from kleinbot.sandbox.server.web import Exchange
from kleinbot.sandbox.server.world import World

__all__ = [
    "Address",
    "Answer",
    "Attachment",
    "AutocompleteChoice",
    "Channel",
    "DiscordLimits",
    "Exchange",
    "FakeDiscord",
    "Field",
    "Guild",
    "InteractionHandle",
    "Modal",
    "MovableClock",
    "Now",
    "Person",
    "PersonError",
    "Select",
    "ShownButton",
    "ShownMessage",
    "ShownPicture",
    "Upload",
    "WaitTimeoutError",
    "World",
    "connector_for",
]
