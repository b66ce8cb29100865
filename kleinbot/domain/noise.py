"""What a picture's starting noise is made of."""

from dataclasses import dataclass

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
