"""``bot.py service``: writes and removes the file that starts the bot with the machine."""

import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from kleinbot.config.sources import ENVIRONMENT, LoadedSettings, installation_folder
from kleinbot.domain.errors import Code, StartError
from kleinbot.installation import own_command
from kleinbot.texts import Texts
from kleinbot.upkeep.service_files import ServiceSpec, scheduled_task, systemd_unit

_NAME = "kleinbot"
_CACHE_SIGNATURE = b"Signature: 8a477f597d28d172789f06886806bc55"
_LONGEST_FILE_BYTES = 1 << 20


@dataclass(frozen=True)
class ServicePlace:
    """Where the file belongs on this machine; ``kind`` chooses the commands that are told."""

    file: Path
    kind: str
    encoding: str = "utf-8"


def service_place(
    folder: Path, *, system: bool, platform: str, environment: Mapping[str, str]
) -> ServicePlace:
    """Return the place on ``platform``. Raises StartError SERVICE_UNSUPPORTED."""
    if platform == "win32":
        return ServicePlace(folder / f"{_NAME}-task.xml", "windows", "utf-16")
    if not platform.startswith("linux"):
        raise StartError(Code.SERVICE_UNSUPPORTED, system=platform)
    if system:
        return ServicePlace(Path("/etc/systemd/system") / f"{_NAME}.service", "system")
    units = Path(environment.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "systemd" / "user"
    return ServicePlace(units / f"{_NAME}.service", "user")


def cache_of(environment: Path) -> Path | None:
    """Return the cache that ``environment`` lies in, as those of uvx do; None if it is meant to stay.

    Caches have a tag (https://bford.info/cachedir/), uv's too, in whatever folder. Environments themselves
    may have one, so that backups leave them out; only the folders above say that others delete them.
    """
    for folder in environment.absolute().parents:
        with suppress(OSError), (folder / "CACHEDIR.TAG").open("rb") as tag:
            if tag.read(len(_CACHE_SIGNATURE)) == _CACHE_SIGNATURE:
                return folder
    return None


def service_spec(loaded: LoadedSettings, folder: Path, *, system: bool) -> ServiceSpec:
    """Return how the installation in ``folder`` is started; a system unit runs as the folder's owner."""
    return ServiceSpec(
        command=tuple(own_command("run")),
        folder=folder,
        account=_owner(folder) if system and os.name != "nt" else None,
        grace_s=loaded.settings.grace_s,
    )


def _owner(folder: Path) -> str:
    owner = folder.stat().st_uid
    with suppress(KeyError):
        return folder.owner()
    return str(owner)  # systemd takes numbers too


class ServiceCommand:
    """One method per verb of the command. ``say`` writes a line."""

    def __init__(
        self,
        loaded: LoadedSettings,
        say: Callable[[str], None],
        *,
        system: bool = False,
        platform: str = sys.platform,
        python: Path = Path(sys.prefix),
    ) -> None:
        """``python`` is the environment that runs this.

        Raises StartError SERVICE_UNSUPPORTED, SERVICE_ODD_FOLDER.
        """
        folder = installation_folder().absolute()
        if not str(folder).isprintable():  # a line break would be a line of the file
            raise StartError(Code.SERVICE_ODD_FOLDER, folder=ascii(str(folder)))
        self._place = service_place(folder, system=system, platform=platform, environment=os.environ)
        self._spec = service_spec(loaded, folder, system=system)
        self._only_here = [
            origin.written for origin in loaded.origins.values() if origin.source == ENVIRONMENT
        ]
        self._texts = Texts(loaded.settings.locale)
        self._write = say
        self._cache = cache_of(python)

    def show(self) -> None:
        """Print the file and its place."""
        self._say("service-file", file=str(self._place.file))
        self._write(self._content())

    def install(self) -> None:
        """Write the file, or renew it, and tell how it is switched on.

        Raises StartError SERVICE_FOREIGN if another file is there, SERVICE_FROM_CACHE, SERVICE_UNWRITABLE.
        """
        if self._cache is not None:
            raise StartError(Code.SERVICE_FROM_CACHE, cache=str(self._cache))
        self._require_ours()
        file = self._place.file
        unfinished = file.with_name(f"{file.name}.tmp")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            unfinished.write_text(self._content(), self._place.encoding)
            unfinished.replace(file)
        except OSError as error:
            with suppress(OSError):
                unfinished.unlink(missing_ok=True)
            raise self._unwritable(error) from error
        self._say("service-written", file=str(file))
        self._say("service-switch-on", kind=self._place.kind, file=str(file))
        if self._only_here:
            # Its own environment is not this terminal's.
            self._say("service-only-here", names=", ".join(sorted(self._only_here)))

    def uninstall(self) -> None:
        """Remove the file, and tell how what runs is stopped. Raises as ``install`` does."""
        self._require_ours()
        file = self._place.file
        if not file.exists():
            self._say("service-none", file=str(file))
            return
        try:
            file.unlink()
        except OSError as error:
            raise self._unwritable(error) from error
        self._say("service-removed", file=str(file))
        self._say("service-switch-off", kind=self._place.kind)

    def _content(self) -> str:
        if self._place.kind == "windows":
            return scheduled_task(self._spec)
        return systemd_unit(self._spec)

    def _require_ours(self) -> None:
        file = self._place.file
        if file.is_symlink():  # that is how systemd masks a unit
            raise StartError(Code.SERVICE_FOREIGN, file=str(file))
        try:
            with file.open("rb") as stream:
                there = stream.read(_LONGEST_FILE_BYTES).decode(self._place.encoding, "replace")
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._unwritable(error) from error
        content = self._content()
        mark = escape(self._spec.mark) if self._place.kind == "windows" else self._spec.mark
        # With the character behind it, since one folder's path may begin another's.
        ours = content[: content.index(mark) + len(mark) + 1]
        if not there.replace("\r\n", "\n").startswith(ours):
            raise StartError(Code.SERVICE_FOREIGN, file=str(file))

    def _unwritable(self, error: OSError) -> StartError:
        reason = error.strerror or str(error)
        return StartError(Code.SERVICE_UNWRITABLE, file=str(self._place.file), reason=reason)

    def _say(self, message_id: str, **parameters: str) -> None:
        self._write(self._texts.say(None, message_id, **parameters))
