from pathlib import Path

import pytest

from kleinbot.upkeep.bond import Bond
from tests.upkeep.installation import Installation


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    made = Installation(tmp_path)
    assert made.start() is Bond.TOGETHER
    return made
