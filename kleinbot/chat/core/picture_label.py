"""How a picture is called in a list of suggestions, where no markdown and no time stamps work."""

from kleinbot.chat.core.job_heading import subject
from kleinbot.domain.clock import MS_PER_S
from kleinbot.domain.own_picture import OwnPicture
from kleinbot.domain.plain_text import one_line
from kleinbot.texts import Texts

_MOST_CHARACTERS = 100
_MINUTE_S = 60
_UNITS = (("days", 86_400), ("hours", 3_600), ("minutes", _MINUTE_S))


def of(texts: Texts, locale: str, picture: OwnPicture, now_ms: int) -> str:
    """Return ``#412 red fox … 5 min ago``, shortened in the prompt; ``#412/2`` where there are several."""
    number = f"#{picture.number}/{picture.key.position + 1}" if picture.count > 1 else f"#{picture.number}"
    age = _age(texts, locale, (now_ms - picture.finished_ms) // MS_PER_S)
    room = _MOST_CHARACTERS - len(number) - len(age) - 2
    prompt = one_line(subject(texts, locale, picture.prompt), room)
    return f"{number} {prompt} {age}"


def _age(texts: Texts, locale: str, age_s: int) -> str:
    for unit, seconds in _UNITS:
        if age_s >= seconds:
            return texts.say(locale, f"age-{unit}", count=age_s // seconds)
    return texts.say(locale, "age-now")
