"""The HTTP side on `[http] listen`: what it serves is given as routes, one noun a file."""

import errno
import os
import ssl
from collections.abc import Iterable
from typing import Final

from aiohttp import web

from callbridge.api.problems import as_problems
from callbridge.api.resources import MAX_BODY_BYTES
from callbridge.errors import AlreadyRunning, CallbridgeError
from callbridge.logs import Action, logger

STOP_WITHIN_S: Final = 2.0
KEEP_ALIVE_S: Final = 30.0

ADVICE: Final = {
    errno.EADDRNOTAVAIL: "This host has no such address: write one of its own, or 127.0.0.1, under [http] listen.",
    errno.EACCES: "Ports below 1024 are the system's: write a higher one under [http] listen.",
    errno.EPERM: "Ports below 1024 are the system's: write a higher one under [http] listen.",
}

log = logger()


class HttpServer:
    """Serves from `start` to `stop`. Port 0 means any free one; `address` tells which it became."""

    def __init__(self, host: str, port: int, routes: Iterable[web.RouteDef], tls: ssl.SSLContext | None = None) -> None:
        self._host, self._port, self._tls = host, port, tls
        application = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[as_problems])
        application.add_routes(routes)
        self._runner = web.AppRunner(
            application, access_log=None, shutdown_timeout=STOP_WITHIN_S, keepalive_timeout=KEEP_ALIVE_S
        )
        self.address: str | None = None
        """`host:port` while it listens."""

    async def start(self) -> None:
        """Listen. Raises AlreadyRunning when the port is in use, CallbridgeError when it cannot be had."""
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port, ssl_context=self._tls).start()
        except OSError as error:
            raise self._refused(error) from None
        self.address = _written(self._host, self._runner.addresses[0][1])
        log.info("HTTP is served", action=Action.HTTP_LISTENING, listen=self.address, tls=self._tls is not None)

    async def stop(self) -> None:
        """Close every connection. Safe to call twice, and before `start`."""
        await self._runner.cleanup()
        self.address = None

    def _refused(self, error: OSError) -> CallbridgeError:
        wanted = _written(self._host, self._port)
        if error.errno == errno.EADDRINUSE:
            return AlreadyRunning(
                f"{wanted} is in use by another program. End it (see: ss -ltnp), or change [http] listen."
            )
        why = (
            error.strerror if error.errno is None or error.errno < 0 else os.strerror(error.errno)
        )  # below 0: of a name
        return CallbridgeError(f"{wanted} cannot be listened on: {why}. {ADVICE.get(error.errno or 0, NAME_ADVICE)}")


NAME_ADVICE: Final = "Write one of this host's addresses, or 127.0.0.1, under [http] listen."


def _written(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
