import pytest

from kleinbot.domain.errors import Code, StartError
from kleinbot.klein.weights.library_check import check_libraries
from kleinbot.texts import Texts


@pytest.mark.parametrize("release", ["0.36.0", "0.9.1", "0.42.0"])
def test_a_diffusers_without_klein_is_reported_with_the_version_that_is_needed(release: str) -> None:
    with pytest.raises(StartError) as raised:
        check_libraries(lambda _: release)
    assert raised.value.code is Code.DIFFUSERS_TOO_OLD
    assert "0.42.1" in Texts().error(raised.value, "en")


@pytest.mark.parametrize("release", ["0.42.1", "0.43.0.dev0", "1.0"])
def test_a_newer_diffusers_will_do(release: str) -> None:
    check_libraries(lambda _: release)
