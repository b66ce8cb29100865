"""The first line of every job's message: what was asked, by whom, and from whose picture."""

from kleinbot.chat.core import text as core_text
from kleinbot.domain.job import Job
from kleinbot.domain.job_spec import JobKind
from kleinbot.texts import Texts


def heading(texts: Texts, job: Job) -> str:
    """Return for example ``**a red fox** · subtle variation — by @bob from @ada's #412``."""
    line = f"**{core_text.shown_prompt(subject(texts, job.locale, job.spec.prompt))}**"
    if job.spec.kind is JobKind.VARIATIONS and job.spec.strength is not None:
        line += f" · {texts.say(job.locale, f'variation-{job.spec.strength}')}"
    return f"{line} — {_byline(texts, job)}"


def subject(texts: Texts, locale: str, prompt: str) -> str:
    """Return what a job is called: variations of somebody's file have no prompt."""
    return prompt or texts.say(locale, "heading-no-prompt")


def _byline(texts: Texts, job: Job) -> str:
    requester = core_text.mention(job.member_id)
    if job.parent is None:
        return requester
    number = str(job.parent.number)
    if job.parent.member_id == job.member_id:
        return texts.say(job.locale, "by-from-own", requester=requester, number=number)
    author = core_text.mention(job.parent.member_id)
    return texts.say(job.locale, "by-from", requester=requester, author=author, number=number)
