"""Validates a prompt, cleans it for the model, and judges it by the content rules."""

from dataclasses import replace

from kleinbot.content.rules import broken_rule
from kleinbot.content.word_lists import word_lists
from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.job_spec import ContentMark, Style, style_key
from kleinbot.domain.people import Actor
from kleinbot.domain.plain_text import is_visible, one_line
from kleinbot.domain.requests import PromptMeter
from kleinbot.store.database import Database
from kleinbot.store.members import styles
from kleinbot.usecases.marks import marks_in
from kleinbot.usecases.moderation.refused_content import RefusedContent
from kleinbot.usecases.moderation.words import ForbiddenWords
from kleinbot.usecases.recipes import Draft

_NAME_CHARACTERS = 32


class PromptCheck:
    """For everything that a member types and the model reads.

    The built-in rules hold for everybody, everywhere and in each language.
    """

    def __init__(self, meter: PromptMeter, database: Database, clock: Clock) -> None:
        self._meter = meter
        self._database = database
        self._refused = RefusedContent(database, clock)
        self.words = ForbiddenWords(database)
        word_lists()  # read now, and not while a member waits

    def clean(self, prompt: str) -> str:
        """Return the cleaned prompt that the model receives.

        Raises Refusal PROMPT_BLANK, PROMPT_EMPTY or PROMPT_TOO_LONG.
        """
        if not is_visible(prompt):
            raise Refusal(Code.PROMPT_BLANK)
        cleaned = self._meter.clean(prompt).strip()
        if not is_visible(cleaned):
            raise Refusal(Code.PROMPT_EMPTY)
        tokens, limit = self._meter.count_tokens(cleaned), self._meter.limit_tokens
        if tokens > limit:
            # Three tokens are about two words in the languages that the tokenizer covers best.
            excess = max(1, (tokens - limit) * 2 // 3)
            raise Refusal(Code.PROMPT_TOO_LONG, tokens=tokens, limit=limit, excess=excess)
        return cleaned

    async def styled(self, actor: Actor, prompt: str, name: str | None) -> tuple[str, Style | None]:
        """Return the cleaned prompt within the words of a style of the actor's server; None: without one.

        Raises Refusal STYLE_UNKNOWN, and the refusals of ``clean``.
        """
        words = self.clean(prompt)
        if name is None:
            return words, None
        style = await styles.named(self._database.read, actor.server_id, style_key(name))
        if style is None:
            raise Refusal(Code.STYLE_UNKNOWN, style=one_line(name, _NAME_CHARACTERS))
        return self.clean(style.around(words)), style

    async def judge(self, actor: Actor, prompt: str, inherited: ContentMark) -> ContentMark:
        """Return the marks of a job with this prompt that is made from what bears ``inherited``.

        Raises Refusal CONTENT_MINORS, CONTENT_OTHERS_PICTURES, or WORDS_FORBIDDEN for a word of this server.
        """
        marks = inherited | await marks_in(prompt)
        rule = broken_rule(marks)
        if rule is not None:
            await self._refused.note(actor, rule)
            raise Refusal(rule.code)
        word = await self.words.found(actor.server_id, prompt)
        if word is not None:
            await self._refused.note_word(actor, word)
            raise Refusal(Code.WORDS_FORBIDDEN)
        return marks

    async def judged(self, actor: Actor, draft: Draft) -> Draft:
        """Return ``draft`` with the marks of its own prompt too. Raises the refusals of ``judge``."""
        marks = await self.judge(actor, draft.spec.prompt, draft.spec.marks)
        return replace(draft, spec=replace(draft.spec, marks=marks))
