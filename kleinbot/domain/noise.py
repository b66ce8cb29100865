"""The recipe of an image's starting noise, and how far a variation moves from its parent."""

from dataclasses import dataclass
from enum import StrEnum

SEED_COUNT = 2**32
"""torch's CPU generator uses only the low 32 bits of a seed, so a wider range would be a false promise."""


@dataclass(frozen=True)
class Blend:
    """A further seed, mixed into the base noise with ``weight`` in (0, 1]."""

    seed: int
    weight: float


@dataclass(frozen=True)
class NoiseRecipe:
    """Enough to generate the same noise again without any other picture.

    ``noise = base``, then for each blend in order
    ``noise = sqrt(1 - weight²) · noise + weight · noise(seed)``: the variance stays 1.
    """

    base_seed: int
    blends: tuple[Blend, ...] = ()

    @property
    def parent(self) -> "NoiseRecipe | None":
        """The noise before the last blend; None without blends."""
        return NoiseRecipe(self.base_seed, self.blends[:-1]) if self.blends else None

    def mixed_with(self, seed: int, weight: float) -> "NoiseRecipe":
        return NoiseRecipe(self.base_seed, (*self.blends, Blend(seed, weight)))


def seed_of_image(job_seed: int, position: int) -> int:
    """Return the seed of image ``position`` of a job: ``(s + i) mod 2³²``."""
    return (job_seed + position) % SEED_COUNT


class Strength(StrEnum):
    """How strongly a variation differs. Stored by name, so a waiting job survives a change of the numbers."""

    SUBTLE = "subtle"
    MEDIUM = "medium"
    STRONG = "strong"

    @property
    def weight(self) -> float:
        """The weight of the other seed in the noise of a picture that we made.

        The new noise correlates with the old by ``sqrt(1 - weight²)``: 0.97, 0.87, 0.60. On a small trained
        Klein at 256² the mean difference from the parent, of 255 levels, is 6, 11 and 17; a different seed
        gives 20.
        """
        return _WEIGHTS[self]

    @property
    def first_sigma(self) -> float:
        """The noise level of the latents when denoising starts from a picture that we did not make.

        Not taken from the distilled schedule, whose last step still starts at 77 % noise (1024²). Chosen on a
        small trained Klein at 256²: the mean difference from the parent, of 255 levels, is 1.8, 3.5 and 15;
        above 0.93 little of the parent is left (36).
        """
        return _FIRST_SIGMAS[self]

    @property
    def steps(self) -> int:
        """The number of steps from ``first_sigma`` to 0; a lower start needs fewer."""
        return _STEPS[self]


_WEIGHTS = {Strength.SUBTLE: 0.25, Strength.MEDIUM: 0.5, Strength.STRONG: 0.8}
_FIRST_SIGMAS = {Strength.SUBTLE: 0.6, Strength.MEDIUM: 0.8, Strength.STRONG: 0.9}
_STEPS = {Strength.SUBTLE: 2, Strength.MEDIUM: 3, Strength.STRONG: 4}
