"""Discord's rate limits ("Rate Limits"): per route, global, and the ban for invalid requests."""

import fnmatch
import hashlib
from collections import deque
from dataclasses import dataclass, field

from kleinbot.sandbox.rules.errors import Json
from kleinbot.sandbox.rules.limits import DiscordLimits
from kleinbot.sandbox.server.clock import Now

_EXEMPT = ("/interactions/", "/webhooks/")
"""Interaction endpoints do not count against the global limit ("Global Rate Limit")."""
_INVALID = (401, 403, 429)


@dataclass(frozen=True)
class RateLimitDecision:
    """The decision on a request.

    ``headers`` are always sent; ``body``, if not None, is a refusal; ``banned``: an HTML page is sent.
    """

    headers: dict[str, str] = field(default_factory=dict)
    body: Json | None = None
    banned: bool = False


@dataclass
class _Bucket:
    """Requests to one top-level resource within a window that begins with the first of them."""

    left: int = 0
    until_s: float = 0.0


@dataclass
class Rule:
    """Allows ``limit`` requests in ``per_s`` to routes matching ``pattern``, for each channel or token.

    ``scope``: ``user``, or ``shared`` if others may have used up the limit (then nothing counts as invalid).
    """

    pattern: str
    limit: int
    per_s: float
    scope: str = "user"
    buckets: dict[str, _Bucket] = field(default_factory=dict)


class RateLimits:
    """Judges each request before it is processed."""

    def __init__(self, now: Now, limits: DiscordLimits) -> None:
        self._now = now
        self._limits = limits
        self.rules: list[Rule] = []
        self._of_all: deque[float] = deque()
        self._invalid: deque[float] = deque()

    def judge(self, method: str, path: str) -> RateLimitDecision:
        """Count a request; return whether it is allowed, and with which headers."""
        now_s = self._now()
        _forget(self._invalid, now_s - self._limits.invalid_per_s)
        if len(self._invalid) >= self._limits.invalid_requests:
            return RateLimitDecision({"Retry-After": f"{self._limits.invalid_per_s:g}"}, banned=True)
        if (refusal := self._globally(path, now_s)) is not None:
            return refusal
        rule = next(
            (each for each in self.rules if fnmatch.fnmatchcase(f"{method} {path}", each.pattern)), None
        )
        return RateLimitDecision() if rule is None else self._by(rule, path, now_s)

    def answered(self, status: int, scope: str | None) -> None:
        """Record an answer: too many of 401, 403 and 429 ban the address."""
        if status in _INVALID and scope != "shared":
            self._invalid.append(self._now())

    def _globally(self, path: str, now_s: float) -> RateLimitDecision | None:
        most = self._limits.global_per_s
        if most is None or path.startswith(_EXEMPT):
            return None
        _forget(self._of_all, now_s - 1.0)
        if len(self._of_all) < most:
            self._of_all.append(now_s)
            return None
        wait_s = self._of_all[0] + 1.0 - now_s
        headers = {
            "X-RateLimit-Global": "true",
            "X-RateLimit-Scope": "global",
            "Retry-After": f"{wait_s:.3f}",
        }
        return RateLimitDecision(headers, _limited(wait_s, is_global=True))

    def _by(self, rule: Rule, path: str, now_s: float) -> RateLimitDecision:
        bucket = rule.buckets.setdefault(_resource(path), _Bucket())
        if now_s >= bucket.until_s:
            bucket.left, bucket.until_s = rule.limit, now_s + rule.per_s
        refused = bucket.left == 0
        if not refused:
            bucket.left -= 1
        wait_s = bucket.until_s - now_s
        headers = {
            "X-RateLimit-Limit": str(rule.limit),
            # If others share the limit, one's own requests appear to remain.
            "X-RateLimit-Remaining": str(
                rule.limit - 1 if refused and rule.scope == "shared" else bucket.left
            ),
            "X-RateLimit-Reset": f"{bucket.until_s:.3f}",
            "X-RateLimit-Reset-After": f"{wait_s:.3f}",
            "X-RateLimit-Bucket": hashlib.sha256(rule.pattern.encode()).hexdigest()[:16],
        }
        if not refused:
            return RateLimitDecision(headers)
        headers |= {"X-RateLimit-Scope": rule.scope, "Retry-After": f"{wait_s:.3f}"}
        return RateLimitDecision(headers, _limited(wait_s, is_global=False, shared=rule.scope == "shared"))


def _limited(wait_s: float, *, is_global: bool, shared: bool = False) -> Json:
    message = "The resource is being rate limited." if shared else "You are being rate limited."
    return {"message": message, "retry_after": round(wait_s, 3), "global": is_global, "code": 0}


def _resource(path: str) -> str:
    """Return the top-level resource of a path: a channel, a server, or a webhook with its token."""
    parts = path.strip("/").split("/")
    return "/".join(parts[: 3 if parts[0] == "webhooks" else 2])


def _forget(moments: deque[float], before_s: float) -> None:
    while moments and moments[0] <= before_s:
        moments.popleft()
