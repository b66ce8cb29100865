from pathlib import Path

import pytest

from kleinbot.upkeep.pairing import Pairing
from tests.upkeep.installation import Installation


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    made = Installation(tmp_path)
    assert made.start() is Pairing.TOGETHER
    return made
