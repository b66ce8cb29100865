"""A wheel that was installed without its dependencies ends with a sentence."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
METADATA = """Metadata-Version: 2.4
Name: kleinbot
Version: 0.1.0
Requires-Dist: rich<16
Requires-Dist: typer<1,>=0.26.5
Requires-Dist: pytest>=9; extra == "test"
"""


START = "from kleinbot.installation.entry import main; main()"


def _started(*paths: Path) -> "subprocess.CompletedProcess[str]":
    code = f"import sys; sys.path[:0] = {[str(path) for path in paths]!r}\n{START}"
    return subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, timeout=60, check=False
    )


def test_without_its_dependencies_it_says_which_are_missing(tmp_path: Path) -> None:
    unpacked = tmp_path / "kleinbot-0.1.0.dist-info"
    unpacked.mkdir()
    (unpacked / "METADATA").write_text(METADATA)
    bare = tmp_path / "bare"  # without what an editable installation leaves beside the package
    bare.mkdir()
    (bare / "kleinbot").symlink_to(ROOT / "kleinbot")
    ended = _started(bare, tmp_path)
    assert ended.returncode == 1
    told = "kleinbot cannot start without rich, typer; install it with what it needs: "
    assert ended.stderr.startswith(told)
    assert "Traceback" not in ended.stderr
    without_metadata = _started(bare)
    assert without_metadata.stderr.startswith("kleinbot cannot start without typer;")
