"""The proxy used by everything that connects to Discord."""

import logging
import urllib.request
from urllib.parse import urlsplit

from kleinbot.config.settings import Settings
from kleinbot.domain.ports.proxies import DIRECT

DISCORD = "https://discord.com/api/v10"
_SCHEMES = ("http", "https")
_log = logging.getLogger(__name__)


def proxy_for(settings: Settings, address: str = DISCORD) -> str | None:
    """Return the proxy for ``address``, or None for a direct connection.

    KLEINBOT_PROXY decides if it is set; otherwise HTTPS_PROXY, then ALL_PROXY, except for hosts in NO_PROXY,
    as in other programs. A SOCKS proxy from the environment is not used: aiohttp supports HTTP proxies only.
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
