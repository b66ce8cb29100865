from kleinbot.domain.job import Lane
from kleinbot.metrics.counters import BotMetrics


def test_starts_that_were_early_are_told_apart_from_late_ones() -> None:
    metrics = BotMetrics()
    metrics.estimate_missed(Lane.TOKEN, -3.0)
    metrics.estimate_missed(Lane.TOKEN, 4.0)
    text = metrics.text().decode()
    assert 'kleinbot_estimate_error_seconds_sum{direction="early",lane="token"} 3.0' in text
    assert 'kleinbot_estimate_error_seconds_sum{direction="late",lane="token"} 4.0' in text
