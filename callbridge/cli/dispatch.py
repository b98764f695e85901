"""`callbridge dispatch`: a worker, in the foreground."""

import asyncio
import os
import sys
from typing import Annotated
from urllib.parse import urlsplit

import typer

from callbridge import logs
from callbridge.cli._app import app
from callbridge.cli._options import DEFAULT_CONFIG, ConfigFile, example
from callbridge.cli.run import SWITCH_S, loop_factory, spare_the_collector
from callbridge.clock import SystemClock
from callbridge.config import load_worker
from callbridge.errors import ConfigError

commands = typer.Typer()

Listen = Annotated[
    str | None,
    typer.Option(metavar="HOST:PORT", help="For health and figures, instead of [dispatch] listen; port 0: any."),
]


@commands.command(epilog=example("callbridge dispatch", "callbridge dispatch --listen 127.0.0.1:8711"))
def dispatch(config: ConfigFile = DEFAULT_CONFIG, *, listen: Listen = None) -> None:
    """Deliver what all daemons on the database commit, beside other workers; SIGTERM ends it. Needs [stream]."""
    settings = load_worker(config, environ=os.environ)
    place = _place(listen or settings.dispatch.listen)
    logs.set_up(settings.log.level, settings.log.format, now=SystemClock().now, environ=os.environ)
    log = logs.logger()
    for warning in settings.warnings:
        log.warning(warning, action=logs.Action.CONFIG_WARNING)
    worker = app()
    spare_the_collector()
    sys.setswitchinterval(SWITCH_S)
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(worker.dispatch(settings, place))


def _place(listen: str) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{listen}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if host is None or port is None:
        raise ConfigError((f'--listen: "{listen}" must be host:port, such as "127.0.0.1:8711"',))
    return host, port
