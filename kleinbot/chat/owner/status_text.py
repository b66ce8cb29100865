"""The text of /host status: engine, clock, profile, and counts since the start."""

from kleinbot.chat.core import text as core_text
from kleinbot.domain.clock import MS_PER_S
from kleinbot.domain.job_spec import Checkpoint
from kleinbot.domain.ports.picture_judge import JudgeState
from kleinbot.domain.profile import ComponentPlan, Device, Profile
from kleinbot.domain.work import EngineState
from kleinbot.texts import Texts
from kleinbot.usecases.owner.bot_control import ActivityCounts


def engine(texts: Texts, locale: str, found: EngineState) -> list[str]:
    """Return why the engine has failed or is limited, or more about its phase; often nothing."""
    errors = found.handicaps if found.error is None else (found.error, *found.handicaps)
    details = [texts.error(error, locale) for error in errors]
    if not details and found.detail:
        details = [core_text.shown_prompt(found.detail)]
    return [texts.say(locale, "host-status-engine-detail", detail=detail) for detail in details]


def clock(texts: Texts, locale: str, ahead_ms: int | None) -> list[str]:
    """Return a warning if this machine's clock is wrong."""
    if ahead_ms is None:
        return []
    where = "ahead" if ahead_ms > 0 else "behind"
    return [texts.say(locale, "host-status-clock", seconds=abs(ahead_ms) // MS_PER_S, where=where)]


def profile(texts: Texts, locale: str, found: Profile) -> list[str]:
    """Return where the model's weights lie, and the limits that follow."""
    has_base = Checkpoint.BASE in found.checkpoints
    return [
        texts.say(
            locale,
            "host-status-model",
            transformer=_plan(texts, locale, found.device, found.transformer),
            encoder=_plan(texts, locale, found.device, found.text_encoder),
            precision=str(found.precision),
            base="yes" if has_base else "no",
        ),
        texts.say(
            locale,
            "host-status-limits",
            tokens=found.largest_grid_tokens,
            references=found.most_references,
            batch=found.largest_batch,
        ),
    ]


def classifier(texts: Texts, locale: str, found: JudgeState) -> list[str]:
    """Return whether drawn pictures are judged, by what, and what came of it."""
    lines = [
        texts.say(
            locale,
            "host-status-classifier",
            phase=str(found.phase),
            model=core_text.shown_prompt(found.name),
            passed=found.passed,
            blocked=found.blocked,
            unjudged=found.unjudged,
            milliseconds="-" if found.median_ms is None else str(round(found.median_ms)),
        )
    ]
    if found.error is not None:
        detail = texts.error(found.error, locale)
        lines.append(texts.say(locale, "host-status-classifier-detail", detail=detail))
    return lines


def activity(texts: Texts, locale: str, found: ActivityCounts) -> list[str]:
    """Return the counts since the start, without those that are zero."""
    lines = []
    if found.estimate.count:
        lines.append(
            texts.say(
                locale,
                "host-status-estimate",
                count=found.estimate.count,
                p50=round(found.estimate.p50_s, 1),
                p95=round(found.estimate.p95_s, 1),
            )
        )
    if found.ends.count:
        lines.append(
            texts.say(
                locale,
                "host-status-ends",
                count=found.ends.count,
                median=round(found.ends.median_s, 1),
                p90=round(found.ends.p90_s, 1),
            )
        )
    if found.batches:
        sizes = ", ".join(f"{count}×{size}" for size, count in sorted(found.batches.items()))
        lines.append(
            texts.say(locale, "host-status-batches", sizes=sizes, idle=round(100 * found.idle_time, 1))
        )
    rungs = ", ".join(
        f"{texts.say(locale, f'rung-{rung}'.replace('_', '-'))} {count}"
        for rung, count in sorted(found.out_of_memory.items())
    )
    lines.append(
        texts.say(locale, "host-status-memory", times=sum(found.out_of_memory.values()), rungs=rungs)
    )
    return lines


def _plan(texts: Texts, locale: str, device: Device, plan: ComponentPlan) -> str:
    kept = texts.say(locale, f"format-{plan.format}")
    return f"{kept}, {texts.say(locale, f'placement-{plan.placement}', device=str(device))}"
