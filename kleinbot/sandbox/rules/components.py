"""Components as Discord returns them: numbered, completed, with media resolved to URLs."""

from collections.abc import Iterator
from itertools import count

from kleinbot.sandbox.people.messages import (
    BUTTON,
    CONTAINER,
    FILE,
    GALLERY,
    SECTION,
    SELECTS,
    SEPARATOR,
    THUMBNAIL,
    walk,
)
from kleinbot.sandbox.rules.errors import Fault, Json, invalid_form
from kleinbot.sandbox.server.cdn import CdnFile, FileStore
from kleinbot.sandbox.server.snowflakes import Snowflakes


class ComponentWriter:
    """Converts the components of a request into those of the stored message."""

    def __init__(self, files: FileStore, attached: list[CdnFile], new_id: Snowflakes) -> None:
        self._files = files
        self._attached = {each.filename: each for each in attached}
        self._new_id = new_id

    def write(self, components: list[Json]) -> list[Json]:
        """Complete ``components`` and number them. Raises RefusedError for a file that is not attached."""
        taken = {each.get("id") for each in walk(components)}
        numbers = (number for number in count(1) if number not in taken)
        return [self._written(each, numbers) for each in components]

    def _written(self, component: Json, numbers: Iterator[int]) -> Json:
        kind = component["type"]
        done = {key: value for key, value in component.items() if value is not None}
        done["id"] = component.get("id") or next(numbers)
        if "components" in component:
            done["components"] = [self._written(each, numbers) for each in component["components"]]
        if kind == SECTION:
            done["accessory"] = self._written(component["accessory"], numbers)
        elif kind == CONTAINER:
            done["accent_color"] = component.get("accent_color")
            done["spoiler"] = bool(component.get("spoiler"))
        elif kind == SEPARATOR:
            done["divider"] = component.get("divider") is not False
            done["spacing"] = component.get("spacing") or 1
        elif kind in SELECTS:
            done.pop("required", None)  # only meaningful in modals
            done["min_values"] = 1 if component.get("min_values") is None else component["min_values"]
            done["max_values"] = component.get("max_values") or 1
            if defaults := component.get("default_values"):
                done["default_values"] = [each | {"id": str(each["id"])} for each in defaults]
        elif kind == BUTTON:
            done["disabled"] = bool(component.get("disabled"))
        elif kind in (GALLERY, THUMBNAIL, FILE):
            self._show(done, component)
        return done

    def _show(self, done: Json, component: Json) -> None:
        if component["type"] == GALLERY:
            done["items"] = [self._shown(item) for item in component["items"]]
        elif component["type"] == THUMBNAIL:
            done.update(self._shown(component))
        else:
            file, media = self._media(component["file"]["url"])
            done["file"] = media
            done["name"] = None if file is None else file.filename
            done["size"] = None if file is None else len(file.data)
            done["spoiler"] = bool(component.get("spoiler"))

    def _shown(self, item: Json) -> Json:
        return {
            "media": self._media(item["media"]["url"])[1],
            "description": item.get("description"),
            "spoiler": bool(item.get("spoiler")),
        }

    def _media(self, url: str) -> tuple[CdnFile | None, Json]:
        if not url.startswith("attachment://"):
            return self._linked(url)
        file = self._attached.get(url.removeprefix("attachment://"))
        if file is None:
            message = f"The referenced attachment '{url}' was not found"
            raise invalid_form([Fault(("components",), "UNFURLED_MEDIA_ATTACHMENT_NOT_FOUND", message)])
        return file, self._of_file(file)

    def _linked(self, url: str) -> tuple[CdnFile | None, Json]:
        for file in self._attached.values():
            if file.path in url:
                return file, self._of_file(file)
        return None, {"id": str(self._new_id()), "url": url, "proxy_url": url}

    def _of_file(self, file: CdnFile) -> Json:
        attachment = self._files.payload(file)
        media = {
            key: attachment[key]
            for key in ("url", "proxy_url", "content_type", "width", "height")
            if key in attachment
        }
        return {"id": str(self._new_id()), "attachment_id": str(file.id)} | media
