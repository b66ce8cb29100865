"""The one way out to the internet: the proxy that everything takes which speaks to Discord."""

import logging
import urllib.request
from urllib.parse import urlsplit

from kleinbot.domain.proxies import DIRECT
from kleinbot.settings import Settings

DISCORD = "https://discord.com/api/v10"
_SCHEMES = ("http", "https")
_log = logging.getLogger(__name__)


def proxy_for(settings: Settings, address: str = DISCORD) -> str | None:
    """Return the proxy over which ``address`` is reached, or None for the direct way.

    KLEINBOT_PROXY decides where it is set; else HTTPS_PROXY, then ALL_PROXY, but for what NO_PROXY names, as
    other programs read them. A SOCKS proxy of the environment is not taken: aiohttp speaks HTTP proxies only.
    """
    if settings.proxy is not None:
        chosen = settings.proxy.get_secret_value()
        return None if chosen == DIRECT else chosen
    parts = urlsplit(address)
    if urllib.request.proxy_bypass(parts.hostname or ""):
        return None
    found = urllib.request.getproxies()
    proxy = found.get(parts.scheme) or found.get("all")
    if proxy is None:
        return None
    if urlsplit(proxy).scheme not in _SCHEMES:
        _log.warning("the proxy %s is not an HTTP proxy and is not used", shown(proxy))
        return None
    return proxy


def shown(proxy: str) -> str:
    """Return a proxy's address without its user and password."""
    parts = urlsplit(proxy)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
