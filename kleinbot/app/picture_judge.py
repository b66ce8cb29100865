"""Whether pictures are judged before they are stored, and by which model."""

from kleinbot.classifier.judge import ClassifierJudge
from kleinbot.classifier.source import DEFAULT_REPOSITORY, ClassifierSource
from kleinbot.config.settings import Settings
from kleinbot.config.values import OFF
from kleinbot.domain.clock import Clock
from kleinbot.domain.ports.metrics_sink import MetricsSink


def classifier_source(settings: Settings, *, draws_small: bool) -> ClassifierSource | None:
    """Return the classifier that the settings mean, or None.

    The small model draws shapes, which nobody has to judge; a classifier that is named is used nonetheless.
    """
    place = settings.classifier
    if place == OFF or (place is None and draws_small):
        return None
    proxy = None if settings.proxy is None else settings.proxy.get_secret_value()
    return ClassifierSource(
        DEFAULT_REPOSITORY if place is None else place,
        settings.classifier_labels,
        settings.classifier_threshold,
        proxy,
    )


def build_judge(
    settings: Settings, clock: Clock, metrics: MetricsSink, *, draws_small: bool
) -> ClassifierJudge | None:
    """Return what judges pictures, or None; ``run`` and ``close`` are the caller's to call."""
    source = classifier_source(settings, draws_small=draws_small)
    return None if source is None else ClassifierJudge(source, clock, metrics)
