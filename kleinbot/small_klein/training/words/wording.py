"""Chooses a language and words a scene or an edit."""

import random
from enum import StrEnum

from kleinbot.small_klein.training.scenes import Scene
from kleinbot.small_klein.training.words import english, german
from kleinbot.small_klein.training.words.request import EditWish


class Language(StrEnum):
    ENGLISH = "en"
    GERMAN = "de"


LANGUAGES = (Language.ENGLISH, Language.ENGLISH, Language.GERMAN)
"""Training draws from these: English twice as often."""


def caption(scene: Scene, rng: random.Random, language: Language = Language.ENGLISH) -> str:
    """Return one wording of ``scene``."""
    return german.caption(scene, rng) if language is Language.GERMAN else english.caption(scene, rng)


def instruction(asked: EditWish, rng: random.Random, language: Language = Language.ENGLISH) -> str:
    """Return one wording of ``asked``."""
    return german.instruction(asked, rng) if language is Language.GERMAN else english.instruction(asked, rng)
