"""The egress guard: which addresses a webhook may lead to.

Whoever may enter a subscriber's URL could otherwise make the daemon speak to the
PBX, to a cloud's metadata service or to itself. Every concrete address is judged
at the moment its socket is made, so neither a literal address nor a name that
changes its answer gets round it.

`ipaddress.is_global` is no help: it says True for NAT64, 6to4 and others through
which an IPv4 address of ours can be reached. So the networks are listed here.
"""

import asyncio
import errno
import socket
from collections.abc import Collection, Iterator
from contextlib import suppress
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from callbridge.errors import AddressForbidden

Address = IPv4Address | IPv6Address

NEVER: Final = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",  # this host, this network
            "169.254.0.0/16",  # link-local: where clouds keep their metadata
            "192.0.0.0/24",  # protocol assignments
            "192.0.2.0/24",  # documentation
            "192.88.99.0/24",  # 6to4 relays
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and broadcast
            "::/128",  # unspecified
            "64:ff9b:1::/48",  # local NAT64: where the IPv4 address stands in it is anybody's choice
            "100::/64",  # discard
            "2001::/23",  # protocol assignments, Teredo among them
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4, given up by RFC 7526
            "3fff::/20",  # documentation
            "5f00::/16",  # segment routing
            "fe80::/10",  # link-local
            "fec0::/10",  # site-local, given up by RFC 3879
            "ff00::/8",  # multicast
        ),
    ),
)
"""No subscriber may lead there, whatever it is allowed."""

PRIVATE: Final = tuple(
    map(
        ip_network,
        (
            "10.0.0.0/8",
            "100.64.0.0/10",  # a carrier's inside
            "127.0.0.0/8",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "::1/128",
            "fc00::/7",
        ),
    ),
)
"""The building's own addresses: for subscribers with `allow_private`, or with a network that holds the address."""

MAPPED: Final = (ip_network("::ffff:0:0/96"), ip_network("::/96"), ip_network("64:ff9b::/96"))
"""The last four bytes are the IPv4 address one really speaks to."""


NAME_S: Final = 5.0
"""The deadline for looking up one of our own names."""


class Guard:
    """Judges addresses for one subscriber.

    `allow_networks` are private networks it may reach without leave for all of them.
    `own` are the (address, port) pairs of callbridge itself, of AMI and of ARI. Where
    one of them is this machine's, its port is forbidden on every address of this
    machine: what listens on one mostly listens on all.
    """

    def __init__(
        self, *, allow_private: bool, allow_networks: Collection[str] = (), own: Collection[tuple[str, int]] = ()
    ) -> None:
        self._allow_private = allow_private
        self._allowed = tuple(map(ip_network, allow_networks))
        self._own = frozenset(own)
        self._own_ports = frozenset(port for _, port in own)

    async def learn_names(self) -> None:
        """Look up the names among `own`: sockets are judged by their addresses. A name without any is no danger."""
        loop = asyncio.get_running_loop()
        for host, port in tuple(self._own):
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(NAME_S):
                    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
                self._own |= {(str(ip_address(address[0])), port) for *_, address in found}

    def check(self, host: str, port: int) -> None:
        """Raise AddressForbidden unless the numeric address `host` may be spoken to."""
        shown = ip_address(host)
        for address in _meanings(shown):
            self._check_network(address, shown)
            if port in self._own_ports and self._is_own(address, port):
                raise AddressForbidden(
                    f"{shown} port {port} is callbridge or the PBX itself; give the subscriber's URL"
                )

    def _check_network(self, address: Address, shown: Address) -> None:
        if _within(address, NEVER):
            raise AddressForbidden(f"{shown} is no address a webhook may lead to; give one the subscriber listens on")
        if self._allow_private or _within(address, self._allowed):
            return
        if _within(address, PRIVATE):
            raise AddressForbidden(
                f"{shown} is a private address; allow_private = true permits it for this subscriber, "
                "allow_networks a network alone"
            )

    def _is_own(self, address: Address, port: int) -> bool:
        if address.is_loopback or (str(address), port) in self._own:
            return True
        hosts = [host for host, own_port in self._own if own_port == port]
        return any(_is_ours(host) for host in hosts) and _is_here(address)

    def socket(self, info: tuple[Any, ...]) -> socket.socket:
        """Make the socket for one result of getaddrinfo: aiohttp's `socket_factory`."""
        family, kind, protocol, _, where = info
        try:
            self.check(where[0], where[1])
        except AddressForbidden as error:
            raise SocketRefused(errno.EACCES, str(error)) from error
        return socket.socket(family, kind, protocol)


class SocketRefused(PermissionError):
    """AddressForbidden as an OSError: what aiohttp carries to its caller whole, however it tries its addresses."""


class GuardedResolver(AbstractResolver):
    """Refuses a name when any of its addresses is forbidden.

    One good and one bad answer is how a name gets past a guard that only looks
    at the address in use. The socket's own check stays: this one never sees a
    literal address.
    """

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._resolver = aiohttp.ThreadedResolver()

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_INET,
    ) -> list[ResolveResult]:
        """Return the name's addresses; OSError when it has none, AddressForbidden when one is bad."""
        found = await self._resolver.resolve(host, port, family)
        for result in found:
            self._guard.check(result["host"], port)
        return found

    async def close(self) -> None:
        await self._resolver.close()


def _within(address: Address, networks: Collection[IPv4Network | IPv6Network]) -> bool:
    return any(address in network for network in networks)


def _meanings(address: Address) -> Iterator[Address]:
    """Yield the address, or the IPv4 address that stands inside it and is the one really spoken to."""
    if address.version == 4 or address.is_loopback or address.is_unspecified or not _within(address, MAPPED):  # noqa: PLR2004 - IPv4
        yield address
        return
    yield IPv4Address(int(address) & 0xFFFFFFFF)


def _is_ours(host: str) -> bool:
    """Whether a host's name or address is this machine's; of a name, its addresses stand beside it."""
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address.is_unspecified or address.is_loopback or _is_here(address)


def _is_here(address: Address) -> bool:
    """Whether the address is one of this machine's: the kernel lets only those be bound."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6  # noqa: PLR2004 - IPv4
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((str(address), 0))
        except OSError:
            return False
    return True
