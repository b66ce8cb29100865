"""The sandbox's terminal, with scripted lines instead of a keyboard."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput
from rich.console import Console

from kleinbot.sandbox import PersonError
from kleinbot.sandbox.people.outcome import Ending, OutcomeTimeouts
from kleinbot.sandbox.terminal.completion import SandboxCompleter
from kleinbot.sandbox.terminal.input_lines import LiveLines, PipedLines
from kleinbot.sandbox.terminal.reading import legible
from kleinbot.sandbox.terminal.terminal import Terminal
from kleinbot.sandbox.terminal.typed_lines import Slash, Verb, option_texts, parse
from tests.sandbox.conftest import StandInEnv
from tests.sandbox.demo_bot import PNG

QUICK = OutcomeTimeouts(
    after_pictures_s=0.05, after_private_words_s=0.05, after_words_s=0.05, first_button_s=0.05
)
COMMANDS: list[dict[str, Any]] = [
    {
        "type": 1,
        "name": "imagine",
        "description": "",
        "options": [
            {"type": 3, "name": "prompt", "required": True, "description": "what"},
            {"type": 4, "name": "count", "description": "how many"},
            {
                "type": 3,
                "name": "aspect",
                "description": "",
                "choices": [{"name": "very wide", "value": "w"}],
            },
        ],
    },
    {
        "type": 1,
        "name": "quota",
        "description": "",
        "options": [
            {"type": 1, "name": "give", "description": "", "options": [{"type": 6, "name": "member"}]}
        ],
    },
]


class TerminalSession:
    def __init__(self, env: StandInEnv, folder: Path, script: str) -> None:
        self.output = io.StringIO()
        self.folder = folder
        console = Console(file=self.output, highlight=False, width=200)
        lines = PipedLines(io.StringIO(script))
        self.terminal = Terminal(
            env.standin, folder, folder / "kept", console=console, lines=lines, timeouts=QUICK
        )

    @property
    def text(self) -> str:
        return self.output.getvalue()


@pytest.fixture
def session(env: StandInEnv, tmp_path: Path) -> Callable[[str], TerminalSession]:
    def open_session(script: str = "") -> TerminalSession:
        return TerminalSession(env, tmp_path / "pictures", script)

    return open_session


async def test_a_conversation_from_a_pipe(session: Callable[[str], TerminalSession], tmp_path: Path) -> None:
    (tmp_path / "cat.png").write_bytes(PNG)
    first = f'/imagine prompt:"a red fox" image:{tmp_path / "cat.png"}'
    typed = session("\n".join([first, "press again", "as bob", "/quota give", "what", "quit", "/show"]))
    typed.terminal.hints["a red fox x1"] = "A fox is drawn as bob, too."
    await typed.terminal.interact(answer_timeout_s=5)
    await typed.terminal.close()
    assert "a red fox x1" in typed.text
    assert "[Again] [Edit] [Off: off]" in typed.text
    assert typed.text.count("A fox is drawn as bob, too.") == 1
    assert f"▣ {typed.folder / '1-fox.png'}\n      a fox\n" in typed.text
    assert "m2 · kleinbot · only you see this" in typed.text
    assert "bob may not use 'quota'" in typed.text
    assert "'what' is nothing I know" in typed.text
    assert (typed.folder / "1-fox.png").read_bytes() == PNG


@pytest.mark.parametrize("line", ["press again", "press aga", "press 1", "press AGAIN on m1", "press 1 on 1"])
async def test_a_button_is_pressed_by_its_label_its_beginning_or_its_place(
    session: Callable[[str], TerminalSession], line: str
) -> None:
    typed = session(f"/imagine a red fox\n{line}")
    await typed.terminal.interact(answer_timeout_s=5)
    await typed.terminal.close()
    assert "pressed" in typed.text


@pytest.mark.parametrize(
    ("line", "picked"),
    [
        ("pick Wide", "16:9"),
        ("pick 2: Wide", "a wide sheet"),
        ("pick paper: Wide on m1", "a wide sheet"),
        ("pick shape: Square", "1:1"),
    ],
)
async def test_a_menu_is_named_by_its_place_or_by_what_it_says(
    session: Callable[[str], TerminalSession], line: str, picked: str
) -> None:
    typed = session(f"/imagine a red fox\n{line}")
    await typed.terminal.interact(answer_timeout_s=5)
    await typed.terminal.close()
    assert "(1) Shape of the picture: Wide · Square\n    (2) Paper: Wide" in typed.text
    assert f"picked ['{picked}']" in typed.text


async def test_a_form_is_asked_field_by_field(session: Callable[[str], TerminalSession]) -> None:
    typed = session("/imagine a fox\npress Edit\na wolf\nInk\n\n")
    await typed.terminal.interact(answer_timeout_s=5)
    await typed.terminal.close()
    assert "— Edit the picture —" in typed.text
    assert "choose: Oil · Ink" in typed.text
    assert "a wolf in i with []" in typed.text


async def test_one_command_ends_with_its_pictures(session: Callable[[str], TerminalSession]) -> None:
    typed = session("")
    outcome = await typed.terminal.run_once("/show private:true", timeout_s=30)
    await typed.terminal.close()
    assert outcome.has_pictures
    assert [each.read_bytes() for each in outcome.paths] == [PNG, PNG]
    assert outcome.text == "done"


@pytest.mark.parametrize(
    ("line", "ending", "text"),
    [
        ("/dream x", Ending.IMPOSSIBLE, "there is no /dream"),
        ("/imagine prompt:", Ending.IMPOSSIBLE, "between 1 and 100"),
        ("/later", Ending.TEXT, "working"),
        ("/act", Ending.NO_ANSWER, "did not respond"),
        ("help", Ending.IMPOSSIBLE, "nothing the bot would answer"),
    ],
)
async def test_one_command_ends_without_pictures(
    env: StandInEnv,
    session: Callable[[str], TerminalSession],
    line: str,
    ending: Ending,
    text: str,
) -> None:
    env.standin.limits.acknowledge_s = 0.1 if line == "/act" else 3
    typed = session("")
    outcome = await typed.terminal.run_once(line, timeout_s=5)
    await typed.terminal.close()
    assert (outcome.ending, outcome.has_pictures) == (ending, False)
    assert text in outcome.text


async def test_what_only_others_see_stays_hidden(
    env: StandInEnv, session: Callable[[str], TerminalSession]
) -> None:
    typed = session("")
    handle = await env.bob.command(env.channel, "show", private=True)
    await handle.message_where(lambda each: each.gallery)
    await env.bob.command(env.channel, "show")
    await env.channel.message_where(lambda each: each.gallery)
    await typed.terminal.close()
    assert "only you see this" not in typed.text
    assert "done" in typed.text


async def test_another_persons_private_message_has_no_number(
    session: Callable[[str], TerminalSession],
) -> None:
    typed = session("/show private:true\nas bob\nshow 1\npress Again on 1\nas ada\nshow 1\n")
    await typed.terminal.interact(answer_timeout_s=5)
    await typed.terminal.close()
    to_bob, to_ada = typed.text.split("You are bob now.")[1].split("You are ada now.")
    assert to_bob.count("there is no message m1") == 2
    assert "only you see this" not in to_bob
    assert "only you see this" in to_ada


async def test_a_button_that_a_message_does_not_have_is_told_with_those_it_has(
    session: Callable[[str], TerminalSession],
) -> None:
    typed = session("/imagine prompt:fox\n/show\npress Again on 2\n")
    await typed.terminal.interact(answer_timeout_s=5)
    await typed.terminal.close()
    assert "message 2 has no button 'Again'; its buttons: –" in typed.text


async def test_progress_does_not_flood(env: StandInEnv, session: Callable[[str], TerminalSession]) -> None:
    typed = session("")
    handle = await env.ada.command(env.channel, "later")
    await handle.acknowledged()
    kept = await env.bot.keeps()
    for step in range(5):
        await kept.edit_original_response(content=f"step {step}")
    await typed.terminal.close()
    assert "working" in typed.text
    assert typed.text.count("step") == 1
    assert typed.text.splitlines()[-1] == "m1 step 4"


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ('prompt:"a red fox" count:2', {"prompt": "a red fox", "count": "2"}),
        ("prompt:a red fox count:2", {"prompt": "a red fox", "count": "2"}),
        ("a red fox count:2", {"prompt": "a red fox", "count": "2"}),
        ('prompt:"count:3 \\"x\\"" aspect:very wide', {"prompt": 'count:3 "x"', "aspect": "very wide"}),
        ("", {}),
    ],
)
def test_options_are_cut_at_their_names(text: str, values: dict[str, str]) -> None:
    assert option_texts(text, COMMANDS[0]["options"]) == values


def test_text_without_a_name_is_the_first_option_if_that_takes_free_text() -> None:
    prompt = {"type": 3, "name": "prompt", "description": "what"}
    aspect = {"type": 3, "name": "aspect", "description": "", "choices": [{"name": "wide", "value": "w"}]}
    assert option_texts("a red fox --ar 16:9", [prompt, aspect]) == {"prompt": "a red fox --ar 16:9"}
    with pytest.raises(PersonError, match="the options are aspect:"):
        option_texts("a red fox", [aspect, prompt])


def test_lines_are_understood() -> None:
    assert parse("/quota give member:bob", COMMANDS) == Slash("quota give", {"member": "bob"})
    assert parse('press "Vary 1" on 3', COMMANDS) == Verb("press", "Vary 1", "3")
    assert parse("press Back on track on 3", COMMANDS) == Verb("press", "Back on track", "3")
    assert parse("menu Profile on @bob", COMMANDS) == Verb("menu", "Profile", "@bob")
    assert parse("  ", COMMANDS) is None
    assert parse("drücke Neu auf m3", COMMANDS, "de") == Verb("press", "Neu", "m3")
    with pytest.raises(PersonError, match="pressed with press: press V1"):
        parse("v1", COMMANDS)
    with pytest.raises(PersonError, match="full size already"):
        parse("U1", COMMANDS)
    with pytest.raises(PersonError, match="goes on with one of: give"):
        parse("/quota take", COMMANDS)
    with pytest.raises(PersonError, match="the options are prompt:, count:, aspect:"):
        parse("/imagine seed:3", COMMANDS)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("a fox cuont:4", "cannot make sense of 'cuont:4', did you mean count:"),
        ('prompt:"a red circle" quality:best', "cannot make sense of 'quality:best'"),
        ("count:2 sede:3", "cannot make sense of 'sede:3'"),
        ('prompt:"a fox', "a quotation mark is not closed"),
    ],
)
def test_a_misspelt_option_does_not_become_a_prompt(line: str, sentence: str) -> None:
    with pytest.raises(PersonError, match=sentence):
        parse(f"/imagine {line}", COMMANDS)


@pytest.mark.parametrize("prompt", ["a screen of 16:9", "see https://example.org now", '"mood: dark:er" sky'])
def test_colons_of_other_kinds_stay_text(prompt: str) -> None:
    assert parse(f"/imagine {prompt}", COMMANDS) == Slash("imagine", {"prompt": prompt})


@pytest.mark.parametrize(
    ("text", "completions"),
    [
        ("/im", ["/imagine"]),
        ("/imagine ", ["prompt:", "count:", "aspect:"]),
        ("/imagine prompt:x co", ["count:"]),
        ("/imagine aspect:", ['aspect:"very wide"']),
        ("/quota ", ["give"]),
        ("/quota give ", ["member:"]),
        ("press ", ['"Vary 1"', "Cancel"]),
        ("qu", ["quit"]),
    ],
)
def test_typing_is_completed(text: str, completions: list[str]) -> None:
    commands = [
        each | {"options": [option | {"description": ""} for option in each["options"]]} for each in COMMANDS
    ]
    commands[1]["options"][0]["options"][0]["description"] = ""
    completer = SandboxCompleter(lambda: commands, lambda: ["Vary 1", "Cancel"])
    found = completer.get_completions(Document(text), CompleteEvent())
    assert [each.text for each in found] == completions


async def test_discord_s_codes_become_words(env: StandInEnv) -> None:
    now = int(env.clock())
    names = f"<@{env.bob.id}> in <#{env.channel.id}>"
    text = f"{names} <t:{now + 125}:R> </imagine:1> <:fox:2>\n-# small **bold**"
    assert legible(text, env.standin.state) == "@bob in #pictures in 2 minutes /imagine :fox:\nsmall **bold**"


async def test_a_person_types_at_a_prompt() -> None:
    completer = SandboxCompleter(lambda: COMMANDS, list)
    with create_pipe_input() as keys, create_app_session(input=keys, output=DummyOutput()):
        lines = LiveLines(completer, lambda: "step 3 of 4")
        keys.send_text("/imagine a fox\r")
        assert await lines.ask("ada> ") == "/imagine a fox"
        keys.send_text(" and a wolf\r")
        assert await lines.ask("Prompt: ", "a fox", is_field=True) == "a fox and a wolf"
        keys.send_text("\x04")
        with pytest.raises(EOFError):
            await lines.ask("ada> ")
