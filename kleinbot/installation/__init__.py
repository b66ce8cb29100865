"""How this kleinbot is installed: from a clone, or from a wheel.

In a clone, ``cogs/`` and ``migrations/`` lie beside this package. A wheel has them within it
(``build_backend.py``): at the top of site-packages, they would meet other programs' folders of the same name.
"""

import importlib.util
import sys
from contextlib import suppress
from pathlib import Path

from kleinbot import __version__

_PACKAGE = Path(__file__).resolve().parents[1]
_COGS = "cogs"

IS_CLONE = not (_PACKAGE / "_migrations").is_dir()

CLONE: Path | None = _PACKAGE.parent if IS_CLONE else None
"""The folder of bot.py."""

MIGRATIONS = _PACKAGE.parent / "migrations" if IS_CLONE else _PACKAGE / "_migrations"
COGS = _PACKAGE.parent / _COGS if IS_CLONE else _PACKAGE / "_cogs"

PROGRAM = "python bot.py" if IS_CLONE else "kleinbot"
"""What an owner types before a command."""


def pip() -> str:
    """Return how this environment's pip is called: by the path of its Python if that is below this folder.

    Any other path would name folders of this machine to whoever reads the sentence.
    """
    python = Path(sys.executable)
    with suppress(OSError, ValueError):
        below = str(python.relative_to(Path.cwd()))
        return f'"{below}" -m pip' if " " in below else f"{below} -m pip"
    return "python -m pip"


def install() -> str:
    """Return the command that installs kleinbot with what it needs."""
    return f"{pip()} install {'.' if IS_CLONE else f'kleinbot-{__version__}-py3-none-any.whl'}"


def own_command(*arguments: str) -> list[str]:
    """Return the command line that starts kleinbot with ``arguments`` in this same Python."""
    if CLONE is not None:
        return [sys.executable, str(CLONE / "bot.py"), *arguments]
    # -P: else Python would look for modules in the working directory first, which is the owner's.
    return [sys.executable, "-P", "-m", "kleinbot.cli", *arguments]


def make_cogs_importable() -> None:
    """Let ``import cogs`` find ours, wherever they lie and whatever else has that name."""
    if _COGS in sys.modules:
        return
    spec = importlib.util.spec_from_file_location(
        _COGS, COGS / "__init__.py", submodule_search_locations=[str(COGS)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{COGS} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[_COGS] = module
    spec.loader.exec_module(module)
