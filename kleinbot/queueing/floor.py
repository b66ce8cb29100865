"""What keeps the relaxed lane from starving."""

RELAXED_FLOOR = 1 / 20
"""What the relaxed lane gets of the card while the token lane never empties: little, but never nothing.

Without it a busy week would starve an accepted job; with it the token lane loses at most a twentieth.
"""


class RelaxedFloor:
    """The pictures that the relaxed lane is owed: earned while it has to wait, spent when it is served.

    Not kept over a restart: what is forgotten is less than one image.
    """

    def __init__(self) -> None:
        self._owed = 0.0

    def note_token(self, cost: float) -> None:
        """Earn from ``cost`` pictures of the token lane, started while relaxed work was there."""
        self._owed += cost * RELAXED_FLOOR

    def note_relaxed(self, cost: float) -> None:
        """Spend ``cost`` pictures that the relaxed lane had of the card, owed or not."""
        self._owed = max(0.0, self._owed - cost)

    def clear(self) -> None:
        """Owe nothing, as nobody is there."""
        self._owed = 0.0

    def covers(self, cost: float) -> bool:
        """Say whether relaxed work of ``cost`` pictures is due before the token lane's."""
        return self._owed >= cost
