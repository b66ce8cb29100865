"""The content of the CDN: attachments at signed URLs, and avatars."""

from aiohttp import web

from kleinbot.sandbox.rules.picture_facts import content_type, plain_png
from kleinbot.sandbox.server.state import State

_UNKNOWN_TYPE = "application/octet-stream"
_AVATAR_COLOURS = (
    (88, 101, 242),
    (116, 127, 141),
    (59, 165, 93),
    (250, 166, 26),
    (237, 66, 69),
    (235, 69, 158),
)


class FileRoutes:
    def __init__(self, state: State) -> None:
        self._state = state

    def routes(self) -> list[web.RouteDef]:
        """Return the routes with their handlers."""
        return [
            web.get("/attachments/{channel_id}/{file_id}/{filename}", self.attachment),
            web.get("/ephemeral-attachments/{channel_id}/{file_id}/{filename}", self.attachment),
            web.get("/stickers/{sticker_id}.{ending}", self.sticker),
            web.get("/embed/avatars/{number}.png", self.default_avatar),
            web.get("/avatars/{user_id}/{hash}.{ending}", self.avatar),
        ]

    async def attachment(self, request: web.Request) -> web.Response:
        file = self._state.files.fetch(request.rel_url.raw_path, request.query_string)
        if file is None:
            return web.Response(status=404, text="This content is no longer available.")
        return web.Response(body=file.data, content_type=content_type(file.filename) or _UNKNOWN_TYPE)

    async def sticker(self, request: web.Request) -> web.Response:
        known = self._state.stickers.get(request.match_info["sticker_id"])
        if known is None:
            return web.Response(status=404)
        return web.Response(body=known, content_type=f"image/{request.match_info['ending']}")

    async def default_avatar(self, request: web.Request) -> web.Response:
        number = request.match_info["number"]
        if not number.isdigit() or int(number) >= len(_AVATAR_COLOURS):
            return web.Response(status=404)
        return web.Response(body=plain_png(128, 128, _AVATAR_COLOURS[int(number)]), content_type="image/png")

    async def avatar(self, request: web.Request) -> web.Response:
        known = self._state.avatars.get(int(request.match_info["user_id"]))
        if known is None or known[0] != request.match_info["hash"]:
            return web.Response(status=404)
        return web.Response(body=known[1], content_type="image/png")
