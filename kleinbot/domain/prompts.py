"""What is known of a prompt before the engine is."""

from typing import Protocol


class PromptMeter(Protocol):
    """Cleans and measures prompts as the model's tokenizer does."""

    @property
    def limit_tokens(self) -> int:
        """The most tokens a prompt may have."""
        ...

    def clean(self, prompt: str) -> str:
        """Return ``prompt`` without the control words that the model's chat template is made of."""
        ...

    def count_tokens(self, prompt: str) -> int:
        """Return the tokens of a cleaned prompt, or an upper bound while the tokenizer is not there yet."""
        ...
