"""The entry point of kleinbot: checks that it can run at all, then calls ``kleinbot.cli``.

Written so that an old Python can parse it far enough to report which version is needed.
"""

import importlib.util
import sys
from pathlib import Path

OLDEST_PYTHON = (3, 11)
VENV = Path(__file__).resolve().parent / ".venv"
if sys.platform == "win32":
    VENV_PYTHON = VENV / "Scripts" / "python.exe"
    VENV_START = ".venv\\Scripts\\python bot.py"
    INSTALL = "py -3.13 -m venv .venv; .venv\\Scripts\\pip install -e .; .venv\\Scripts\\python bot.py"
else:
    VENV_PYTHON = VENV / "bin" / "python"
    VENV_START = ".venv/bin/python bot.py"
    INSTALL = "python3 -m venv .venv && .venv/bin/pip install -e . && .venv/bin/python bot.py"

# The module that identifies each dependency in pyproject.toml. They are looked up, not imported: importing
# torch takes seconds, and `python bot.py --help` does not need it.
MODULES = {
    "accelerate": "accelerate",
    "aiohttp": "aiohttp",
    "aiosqlite": "aiosqlite",
    "diffusers": "diffusers",
    "discord.py": "discord",
    "filelock": "filelock",
    "fluent.runtime": "fluent",
    "huggingface_hub": "huggingface_hub",
    "numpy": "numpy",
    "pillow": "PIL",
    "prometheus-client": "prometheus_client",
    "prompt_toolkit": "prompt_toolkit",
    "psutil": "psutil",
    "pydantic-settings": "pydantic_settings",
    "rich": "rich",
    "safetensors": "safetensors",
    "tokenizers": "tokenizers",
    "torch": "torch",
    "transformers": "transformers",
    "trustme": "trustme",
    "typer": "typer",
}


def missing_packages() -> "list[str]":
    """Return the dependencies that this Python lacks."""
    wanted = dict(MODULES)
    if sys.version_info >= (3, 13):
        wanted["audioop-lts"] = "audioop"
    return [package for package, module in wanted.items() if importlib.util.find_spec(module) is None]


def obstacle() -> str:
    """Return one sentence on why kleinbot cannot run here, or an empty string."""
    if sys.version_info < OLDEST_PYTHON:
        needed = ".".join(map(str, OLDEST_PYTHON))
        have = ".".join(map(str, sys.version_info[:3]))
        return (
            f"kleinbot needs Python {needed} or newer, and this is {have}; with a newer one, run: {INSTALL}"
        )
    missing = ", ".join(missing_packages())
    if not missing:
        return ""
    if VENV_PYTHON.exists() and Path(sys.prefix).resolve() != VENV.resolve():
        # Installed, but started with another Python: a common mistake on the second day.
        return f"This Python lacks {missing}; in kleinbot's folder, run: {VENV_START} (installs: {INSTALL})"
    return f"kleinbot cannot start without {missing}; in its folder, run: {INSTALL}"


def main() -> None:
    """Start kleinbot, or exit with a sentence about what is missing."""
    problem = obstacle()
    if problem:
        sys.exit(problem)
    # PYTHONSAFEPATH and `python -P` remove the script's own folder from the path.
    folder = str(Path(__file__).resolve().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    from kleinbot.cli import main as start

    start()


if __name__ == "__main__":
    main()
