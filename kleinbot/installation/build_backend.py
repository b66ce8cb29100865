"""Builds kleinbot with setuptools. ``pyproject.toml`` names this file as the build backend.

It says what ``pyproject.toml`` cannot: in a wheel, ``cogs/`` and ``migrations/`` lie within the package.
"""

from tempfile import TemporaryDirectory

from setuptools import build_meta, find_packages, setup


class _Backend(build_meta._BuildMetaBackend):  # type: ignore[misc]
    def run_setup(self, setup_script: str = "setup.py") -> None:
        """Do what a ``setup.py`` would do. Setuptools has put the arguments into ``sys.argv``."""
        del setup_script
        # Not in "build", where modules of an earlier commit may be left over that a wheel would then hold.
        with TemporaryDirectory() as folder:
            setup(
                packages=[
                    *find_packages(
                        include=["kleinbot", "kleinbot.*"], exclude=["kleinbot.small_klein.training*"]
                    ),
                    "kleinbot._cogs",
                    "kleinbot._migrations",
                ],
                package_dir={"kleinbot._cogs": "cogs", "kleinbot._migrations": "migrations"},
                options={"build": {"build_base": folder}},
            )


_backend = _Backend()
get_requires_for_build_wheel = _backend.get_requires_for_build_wheel
get_requires_for_build_sdist = _backend.get_requires_for_build_sdist
get_requires_for_build_editable = _backend.get_requires_for_build_editable
prepare_metadata_for_build_wheel = _backend.prepare_metadata_for_build_wheel
prepare_metadata_for_build_editable = _backend.prepare_metadata_for_build_editable
build_wheel = _backend.build_wheel
build_sdist = _backend.build_sdist
build_editable = _backend.build_editable
