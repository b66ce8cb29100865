"""What an image's starting noise is made of, and how far a variation goes from its parent."""

from dataclasses import dataclass
from enum import StrEnum

SEED_COUNT = 2**32
"""torch's CPU generator uses the low 32 bits of a seed only, so more would be a false promise."""


@dataclass(frozen=True)
class Blend:
    """A further seed mixed into the base noise with ``weight`` in (0, 1]."""

    seed: int
    weight: float


@dataclass(frozen=True)
class NoiseRecipe:
    """Enough to draw the same noise again: no other picture has to exist for it.

    ``noise = base``, then for each blend in order
    ``noise = sqrt(1 - weight²) · noise + weight · noise(seed)``: the variance stays 1.
    """

    base_seed: int
    blends: tuple[Blend, ...] = ()

    @property
    def parent(self) -> "NoiseRecipe | None":
        """The noise into which the last blend was mixed; None where nothing was."""
        return NoiseRecipe(self.base_seed, self.blends[:-1]) if self.blends else None

    def mixed_with(self, seed: int, weight: float) -> "NoiseRecipe":
        return NoiseRecipe(self.base_seed, (*self.blends, Blend(seed, weight)))


def seed_of_image(job_seed: int, position: int) -> int:
    """Return the seed of image ``position`` of a job: ``(s + i) mod 2³²``."""
    return (job_seed + position) % SEED_COUNT


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
