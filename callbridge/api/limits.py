"""How often: a bucket of tokens for whoever asks, refilled as time passes. Memory is bounded, however many ask."""

import ipaddress
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

HOST_OF_ONE: Final = 64
"""Bits that providers give away whole, RFC 6177."""
MOST_KNOWN: Final = 10_000
"""Buckets remembered; the one unused longest is forgotten first, and is full when it comes back."""


class Buckets:
    """One bucket for each key, of `burst` drops, `per_s` of them coming back each second."""

    def __init__(self, per_s: float, burst: float, monotonic: Callable[[], float], most: int = MOST_KNOWN) -> None:
        self._per_s, self._burst, self._monotonic, self._most = per_s, burst, monotonic, most
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()
        """key → (drops left, when it was so)"""

    def change(self, per_s: float, burst: float) -> None:
        """Be of another size from now on; whoever has drops left keeps what fits."""
        self._per_s, self._burst = per_s, burst

    def take(self, key: str) -> float:
        """Take a drop; return 0, or in how many seconds there will be one."""
        wait = self.wait(key)
        if wait:
            return wait
        self._levels[key] = (self._level(key) - 1, self._monotonic())
        self._levels.move_to_end(key)
        if len(self._levels) > self._most:
            self._levels.popitem(last=False)
        return 0.0

    def wait(self, key: str) -> float:
        """Return in how many seconds there will be a drop; 0 where there is one."""
        return max(0.0, (1 - self._level(key)) / self._per_s)

    def _level(self, key: str) -> float:
        left, at = self._levels.get(key, (self._burst, 0.0))
        return min(self._burst, left + (self._monotonic() - at) * self._per_s)


def address_of(written: str | None) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return an address; an IPv4 one also where a socket for both kinds wrote it as `::ffff:192.0.2.7`."""
    try:
        found = ipaddress.ip_address(written or "")
    except ValueError:
        return None
    return (found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None) or found


def neighbourhood(address: str | None) -> str:
    """Return what is taken for one asker: an IPv4 address, or the /64 of an IPv6 one: a host may have it whole."""
    found = address_of(address)
    if found is None:
        return ""
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    return str(ipaddress.IPv6Network((found, HOST_OF_ONE), strict=False))
