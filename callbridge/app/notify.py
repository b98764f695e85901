"""systemd's notification protocol: sd_notify(3), as much of it as a daemon needs.

Written here because systemd-python does not build without systemd's headers.
"""

import os
import socket
from collections.abc import Mapping
from typing import Final

from callbridge.logs import Action, logger

MAX_TEXT: Final = 500
"""Letters of a status: `systemctl status` shows one line."""

log = logger()


class Notifier:
    """Tells systemd how the daemon is; says nothing where systemd did not start it."""

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        environ = os.environ if environ is None else environ
        self._address = environ.get("NOTIFY_SOCKET", "")
        ours = environ.get("WATCHDOG_PID") in {None, str(os.getpid())}
        microseconds = environ.get("WATCHDOG_USEC", "")
        self.watchdog_s = int(microseconds) / 1e6 if ours and microseconds.isdecimal() else None
        """How often systemd wants a sign of life; None where it does not."""
        self._told = ""

    def ready(self) -> None:
        """Say that everything runs, or that a reload is over."""
        self._say("READY=1")

    def status(self, text: str) -> None:
        """Say in a line how things are; said again only when it changes."""
        line = " ".join(text.split())[:MAX_TEXT]
        if line != self._told:
            self._told = line
            self._say(f"STATUS={line}")

    def patience(self, seconds: float) -> None:
        """Ask systemd for more time than TimeoutStartSec gives, counted from now."""
        self._say(f"EXTEND_TIMEOUT_USEC={int(seconds * 1e6)}")

    def reloading(self, monotonic_us: int) -> None:
        """Say that a reload began; `ready` ends it."""
        self._say(f"RELOADING=1\nMONOTONIC_USEC={monotonic_us}")

    def stopping(self) -> None:
        """Say that the daemon is on its way out."""
        self._say("STOPPING=1")

    def alive(self) -> None:
        """Feed the watchdog."""
        self._say("WATCHDOG=1")

    def _say(self, text: str) -> None:
        if not self._address:
            return
        address = f"\0{self._address[1:]}" if self._address.startswith("@") else self._address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            channel.setblocking(False)
            try:
                channel.sendto(text.encode(), address)
            except OSError as error:  # full, or gone: no reason to stop telling CRMs of calls
                log.warning("systemd cannot be told", action=Action.DAEMON_WATCHDOG, error=str(error))
