"""How far a variation goes from its parent."""

from enum import StrEnum


class Strength(StrEnum):
    """What a member chooses. Stored by name, so a job that waits survives a change of the numbers."""

    SUBTLE = "subtle"
    MEDIUM = "medium"
    STRONG = "strong"

    @property
    def weight(self) -> float:
        """How much of another seed is mixed into the noise of a picture that we made.

        The new noise correlates with the old one by ``sqrt(1 - weight²)``: 0.97, 0.87, 0.60. On a small
        trained Klein at 256² the mean difference to the parent, of 255 levels, is 6, 11 and 17; another
        seed altogether gives 20.
        """
        return _WEIGHTS[self]

    @property
    def first_sigma(self) -> float:
        """How much noise stands on the latents of a picture that we did not make, when denoising begins.

        Not taken from the distilled schedule: its last step still begins at 77 % noise (1024²). Chosen on a
        small trained Klein at 256²: the mean difference to the parent, of 255 levels, is 1.8, 3.5 and 15;
        above 0.93 little of the parent is left (36).
        """
        return _FIRST_SIGMAS[self]

    @property
    def steps(self) -> int:
        """How many steps lead from ``first_sigma`` to 0: a shorter way needs fewer."""
        return _STEPS[self]


_WEIGHTS = {Strength.SUBTLE: 0.25, Strength.MEDIUM: 0.5, Strength.STRONG: 0.8}
_FIRST_SIGMAS = {Strength.SUBTLE: 0.6, Strength.MEDIUM: 0.8, Strength.STRONG: 0.9}
_STEPS = {Strength.SUBTLE: 2, Strength.MEDIUM: 3, Strength.STRONG: 4}
