"""What ``pyproject.toml`` cannot say: in a wheel, ``cogs/`` and ``migrations/`` lie within the package."""

from tempfile import TemporaryDirectory

from setuptools import find_packages, setup

# Not in "build", where modules of an earlier commit may be left over that a wheel would then hold.
with TemporaryDirectory() as folder:
    setup(
        packages=[
            *find_packages(include=["kleinbot", "kleinbot.*"], exclude=["kleinbot.small_klein.training*"]),
            "kleinbot._cogs",
            "kleinbot._migrations",
        ],
        package_dir={"kleinbot._cogs": "cogs", "kleinbot._migrations": "migrations"},
        options={"build": {"build_base": folder}},
    )
