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
    """The table was counted by torch's FlopCounterMode on diffusers' and transformers' own modules."""
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


SMALL = Shape(Grid(32, 32), 4)
WIDE = Shape(Grid(84, 48), 4)
FOUR_REFERENCES = Shape(Grid(64, 64), 4, references=(Grid(64, 64),) * 4)


def measured(*, times: int, s_per_picture: float = 1.0) -> CostModel:
    model = CostModel(1.0)
    for _ in range(times):
        for shape in (PICTURE, WIDE, FOUR_REFERENCES):
            model.observe(shape, cost(shape) * s_per_picture)
    return model


def test_an_odd_measurement_moves_no_other_shape_and_its_own_a_little() -> None:
    model = measured(times=20)
    model.observe(PICTURE, 60.0)
    assert model.expected_s(FOUR_REFERENCES) == pytest.approx(cost(FOUR_REFERENCES))
    assert model.expected_cost(WIDE) == pytest.approx(cost(WIDE))
    assert 1.0 < model.expected_s(PICTURE) < 1.05


def test_a_first_picture_on_a_cold_card_is_forgotten_with_the_second() -> None:
    model = CostModel(1.0)
    model.observe(PICTURE, 60.0)
    model.observe(PICTURE, 1.0)
    assert model.expected_s(PICTURE) == pytest.approx(1.0)


def test_a_card_that_slows_down_is_known_for_every_shape() -> None:
    model = measured(times=20)
    for _ in range(200):
        model.observe(PICTURE, 1.3)
    for shape in (PICTURE, WIDE, FOUR_REFERENCES):
        assert model.expected_s(shape) == pytest.approx(1.3 * cost(shape), rel=0.1)
        assert model.expected_cost(shape) == pytest.approx(cost(shape), rel=0.1)


def test_batches_teach_what_an_image_takes_in_them() -> None:
    model = CostModel(1.0)
    model.observe(PICTURE, 10.0)  # alone, and cold
    for _ in range(20):
        model.observe(PICTURE, 4.0, batch=4)
    assert model.expected_s(PICTURE) == pytest.approx(1.0, rel=0.05)
    assert model.expected_s(PICTURE, 4) == pytest.approx(4.0, rel=0.05)


def test_a_restart_tells_the_same_whatever_the_order_of_the_rows() -> None:
    model = measured(times=5)
    for _ in range(9):
        model.observe(SMALL, 0.5)
    rows = model.measurements()
    for again in (CostModel(9.0, rows), CostModel(9.0, rows[::-1])):
        for shape in (PICTURE, SMALL, WIDE, FOUR_REFERENCES):
            assert again.expected_s(shape) == pytest.approx(model.expected_s(shape))
        unmeasured = Shape(Grid(48, 48), 4)
        assert again.expected_s(unmeasured) == pytest.approx(cost(unmeasured), rel=0.1)


def test_what_was_learnt_survives_a_restart() -> None:
    model = CostModel(1.0)
    model.observe(PICTURE, 4.0)
    again = CostModel(1.0, model.measurements())
    assert again.expected_s(PICTURE) == 4.0
    assert again.expected_s(Shape(Grid(32, 32), 4)) == model.expected_s(Shape(Grid(32, 32), 4))
