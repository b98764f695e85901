"""A loopback network of one's own: 127.x.y.0/24, so that labs side by side never meet."""

import socket
from collections.abc import Iterator
from typing import Self

_LOCK_HOST, _LOCK_PORT = 254, 21109  # above 1023: an ordinary user runs tests too


class Network:
    """Every address in it is free, so each program keeps its well-known port.

    The claim is a bound socket: it goes when this process goes, however it dies.
    """

    def __init__(self, prefix: str, lock: socket.socket) -> None:
        self.prefix = prefix
        self._lock = lock

    @classmethod
    def claim(cls) -> Self:
        for prefix in _prefixes():
            lock = socket.socket()
            try:
                lock.bind((f"{prefix}.{_LOCK_HOST}", _LOCK_PORT))
                lock.listen()  # a bound socket alone would let a second bind through under SO_REUSEADDR
            except OSError:
                lock.close()
                continue
            return cls(prefix, lock)
        raise OSError("every lab network from 127.77.0.0/24 to 127.77.255.0/24 is taken")

    def address(self, host: int) -> str:
        return f"{self.prefix}.{host}"

    def release(self) -> None:
        self._lock.close()


def _prefixes() -> Iterator[str]:
    return (f"127.77.{number}" for number in range(256))
