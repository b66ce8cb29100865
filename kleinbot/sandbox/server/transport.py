"""Leads an unpatched client to the stand-in: a resolver with one address, and a temporary CA."""

import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import trustme
from aiohttp.abc import AbstractResolver, ResolveResult

LOOPBACK = "127.0.0.1"
HOSTS = ("discord.com", "gateway.discord.gg", "cdn.discordapp.com", "media.discordapp.net")


@dataclass(frozen=True)
class Address:
    """The address of a stand-in and its CA, for a bot in another process."""

    port: int
    ca_pem_path: Path


class LoopbackResolver(AbstractResolver):
    """Resolves every name to the stand-in's address. aiohttp uses the port from here, too."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        del port, family
        return [
            ResolveResult(
                hostname=host,
                host=LOOPBACK,
                port=self._port,
                family=socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
        ]

    async def close(self) -> None:
        """Do nothing: there is nothing to close."""


class Authority:
    """A certificate authority that exists as long as its stand-in."""

    def __init__(self) -> None:
        self._authority = trustme.CA()

    @property
    def pem(self) -> bytes:
        return bytes(self._authority.cert_pem.bytes())

    def server_context(self) -> ssl.SSLContext:
        """Return the listener's TLS context, valid for all of Discord's hosts."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert(*HOSTS).configure_cert(context)
        return context


def connector(port: int, authority_pem: bytes) -> aiohttp.TCPConnector:
    """Return a connector for a running loop. The caller closes it; discord.py does so with its session."""
    context = ssl.create_default_context(cadata=authority_pem.decode())
    return aiohttp.TCPConnector(resolver=LoopbackResolver(port), ssl=context)


def connector_for(address: Address) -> aiohttp.TCPConnector:
    """Return a connector to a stand-in of another process."""
    return connector(address.port, address.ca_pem_path.read_bytes())
