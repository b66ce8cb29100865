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

    def file_bytes_at(self, boost_tier: int) -> int:
        """Give the size one file may have in a server of this boost tier."""
        return {2: self.file_bytes_tier_2, 3: self.file_bytes_tier_3}.get(boost_tier, self.file_bytes)
