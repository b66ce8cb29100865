import pytest

from kleinbot.domain.geometry import Aspect, Grid
from kleinbot.domain.work import Checkpoint
from kleinbot.queueing.cost import PICTURE, CostModel, cost, flops, price_tenths
from kleinbot.queueing.waiting import Shape


@pytest.mark.parametrize(
    ("tokens_wide", "references", "teraflops", "pictures"),
    [
        (32, 0, 46.1, 0.30),
        (48, 0, 87.6, 0.57),
        (64, 0, 152.7, 1.00),
        (88, 0, 309, 2.0),
        (128, 0, 817, 5.4),
        (64, 1, 325, 2.13),
        (64, 2, 539, 3.53),
        (64, 3, 794, 5.20),
        (64, 4, 1090, 7.14),
    ],
)
def test_the_static_cost_is_that_of_the_counted_table(
    tokens_wide: int, references: int, teraflops: float, pictures: float
) -> None:
    """shared/research/performance.md §3.2, counted by FlopCounter on the real modules."""
    shape = Shape(Grid(tokens_wide, tokens_wide), 4, references=(Grid(64, 64),) * references)
    assert flops(shape) / 1e12 == pytest.approx(teraflops, rel=0.005)
    assert cost(shape) == pytest.approx(pictures, rel=0.02)


def test_a_step_of_the_base_checkpoint_costs_two_passes() -> None:
    base = Shape(PICTURE.grid, steps=2, checkpoint=Checkpoint.BASE)
    assert cost(base) == cost(PICTURE)


def test_prices_are_whole_tenths_and_never_nothing() -> None:
    assert [price_tenths(Shape(aspect.grid, 4)) for aspect in Aspect] == [10] * len(Aspect)
    assert price_tenths(Shape(Grid(64, 64), 4, references=(Grid(64, 64),))) == 21
    assert price_tenths(Shape(Grid(4, 4), 1)) == 1


def test_until_measured_a_host_is_as_fast_as_its_prior() -> None:
    model = CostModel(2.0)
    assert model.expected_s(PICTURE) == pytest.approx(2.0)
    assert model.expected_s(PICTURE, batch=3) == pytest.approx(6.0)
    assert model.expected_cost(PICTURE) == 1.0


def test_one_measurement_teaches_the_speed_for_every_shape() -> None:
    model = CostModel(2.0)
    model.observe(PICTURE, 5.0)
    small = Shape(Grid(32, 32), 4)
    assert model.expected_s(small) == pytest.approx(5.0 * cost(small))


def test_a_shape_that_is_slower_than_its_arithmetic_costs_more() -> None:
    model = CostModel(1.0)
    small = Shape(Grid(32, 32), 4)
    model.observe(PICTURE, 1.0)
    model.observe(small, 0.5)
    assert model.expected_s(small) == 0.5
    assert model.expected_cost(small) == 0.5
    assert price_tenths(small) == 3


def test_an_odd_measurement_moves_the_mean_by_a_fifth() -> None:
    model = CostModel(1.0)
    model.observe(PICTURE, 1.0)
    model.observe(PICTURE, 11.0)
    assert model.expected_s(PICTURE) == pytest.approx(3.0)


def test_an_unmeasured_batch_is_scaled_from_the_nearest_measured_one() -> None:
    model = CostModel(1.0)
    model.observe(PICTURE, 1.0)
    model.observe(PICTURE, 3.2, batch=4)
    assert model.expected_s(PICTURE, 4) == pytest.approx(3.2)
    assert model.expected_s(PICTURE, 3) == pytest.approx(2.4)
    assert model.expected_s(PICTURE, 2) == pytest.approx(2.0)


def test_what_was_learnt_survives_a_restart() -> None:
    model = CostModel(1.0)
    model.observe(PICTURE, 4.0)
    again = CostModel(1.0, model.measurements())
    assert again.expected_s(PICTURE) == 4.0
    assert again.expected_s(Shape(Grid(32, 32), 4)) == model.expected_s(Shape(Grid(32, 32), 4))
