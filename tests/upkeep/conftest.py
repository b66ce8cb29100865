from pathlib import Path

import pytest

from kleinbot.upkeep.pairing import Pairing
from tests.upkeep.backup_place import FIRST, SECOND, BackupPlace
from tests.upkeep.installation import Installation


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    made = Installation(tmp_path)
    assert made.start() is Pairing.TOGETHER
    return made


@pytest.fixture
async def place(tmp_path: Path) -> BackupPlace:
    made = BackupPlace(tmp_path)
    await made.source.draw(FIRST, SECOND)
    return made
