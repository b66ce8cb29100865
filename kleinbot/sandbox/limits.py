"""The numbers Discord sets. Tests change them on the stand-in they hold."""

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass
class Limits:
    """Sizes in bytes, times in seconds (developer documentation, "Interactions" and "Uploading Files")."""

    acknowledge_s: float = 3.0
    token_life_s: float = 15 * 60.0
    file_bytes: int = 10 * MIB
    file_bytes_tier_2: int = 50 * MIB
    file_bytes_tier_3: int = 100 * MIB
    request_bytes: int = 25 * MIB
    address_life_s: float = 24 * 3600.0
    nonce_life_s: float = 300.0
    heartbeat_ms: int = 41250
    global_per_s: int | None = None
    """50 on Discord ("Global Rate Limit"); unbounded here until it is set, so that tests may hurry."""
    invalid_requests: int = 10_000
    invalid_per_s: float = 600.0
    identifies_a_day: int = 1000
    gateway_sends: int = 120
    gateway_sends_per_s: float = 60.0
    gateway_frame_bytes: int = 4096
    created_commands_a_day: int = 200
    identifies_every_s: float = 0.0
    """5 on Discord ("Rate Limiting", ``max_concurrency``); 0 here until a test sets it."""
    old_edits: int | None = None
    """Edits of messages older than an hour, in a channel in ``old_edits_per_s``: Discord tells no number."""
    old_edits_per_s: float = 20.0
    media: int = 64
    """More in one message were answered with 500 (discord-api-docs #7528)."""
    components_bytes: int | None = None
    """Above about 10 kB V2 components were answered with 500 (discord-api-docs #8554); off until set."""

    def file_bytes_at(self, boost_tier: int) -> int:
        """Give the size one file may have in a server of this boost tier."""
        return {2: self.file_bytes_tier_2, 3: self.file_bytes_tier_3}.get(boost_tier, self.file_bytes)
