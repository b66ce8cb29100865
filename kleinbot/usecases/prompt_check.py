"""Validates a prompt and cleans it for the model."""

from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.plain_text import is_visible
from kleinbot.domain.requests import PromptMeter


def clean_prompt(meter: PromptMeter, prompt: str) -> str:
    """Return the cleaned prompt that the model receives.

    Raises Refusal PROMPT_BLANK, PROMPT_EMPTY or PROMPT_TOO_LONG.
    """
    if not is_visible(prompt):
        raise Refusal(Code.PROMPT_BLANK)
    cleaned = meter.clean(prompt).strip()
    if not is_visible(cleaned):
        raise Refusal(Code.PROMPT_EMPTY)
    tokens, limit = meter.count_tokens(cleaned), meter.limit_tokens
    if tokens > limit:
        # Three tokens are about two words in the languages that the tokenizer covers best.
        excess = max(1, (tokens - limit) * 2 // 3)
        raise Refusal(Code.PROMPT_TOO_LONG, tokens=tokens, limit=limit, excess=excess)
    return cleaned
