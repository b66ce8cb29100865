import pytest

from kleinbot.domain.geometry import Aspect, Grid
from kleinbot.domain.job_spec import Checkpoint
from kleinbot.domain.profile import CPU_SMALL, CUDA_BF16, Profile
from kleinbot.scheduler.entries import Shape
from kleinbot.usecases.quota.prices import price_tenths_of


@pytest.mark.parametrize("profile", [CPU_SMALL, CUDA_BF16])
@pytest.mark.parametrize("aspect", list(Aspect))
def test_a_plain_picture_costs_one_picture_in_every_shape_on_every_host(
    aspect: Aspect, profile: Profile
) -> None:
    grid = aspect.grid.scaled_to(profile.largest_grid_tokens)
    assert price_tenths_of(Shape(grid, steps=4)) == 10


@pytest.mark.parametrize("side", [16, 64])
@pytest.mark.parametrize(("references", "tenths"), [(1, 21), (2, 35), (3, 52), (4, 71)])
def test_an_edit_costs_more_with_each_reference_and_the_same_on_every_host(
    side: int, references: int, tenths: int
) -> None:
    grid = Grid(side, side)
    assert price_tenths_of(Shape(grid, steps=4, references=(grid,) * references)) == tenths


@pytest.mark.parametrize("side", [32, 64])
@pytest.mark.parametrize(("small", "tenths"), [(Grid(8, 8), 21), (Grid(20, 20), 23), (Grid(25, 30), 24)])
def test_a_small_further_reference_costs_what_it_is_on_every_host(
    side: int, small: Grid, tenths: int
) -> None:
    grid = Grid(side, side)
    assert price_tenths_of(Shape(grid, steps=4, references=(grid, small))) == tenths


def test_fewer_steps_cost_less_and_the_base_checkpoint_costs_more() -> None:
    grid = Grid(64, 64)
    plain = price_tenths_of(Shape(grid, steps=4))
    assert price_tenths_of(Shape(grid, steps=2)) < plain
    assert price_tenths_of(Shape(grid, steps=28, checkpoint=Checkpoint.BASE)) > 10 * plain
