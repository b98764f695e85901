"""`callbridge run`: the daemon, in the foreground."""

import asyncio
import os
from collections.abc import Callable

import typer

from callbridge import logs
from callbridge.cli._app import app
from callbridge.cli._options import DEFAULT_CONFIG, ConfigFile, example
from callbridge.clock import SystemClock
from callbridge.config import load

commands = typer.Typer()


@commands.command(epilog=example("callbridge run --config /etc/callbridge/callbridge.toml"))
def run(config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Be the daemon, in the foreground; SIGHUP reads the configuration again, SIGTERM ends it."""
    settings = load(config, environ=os.environ)
    logs.set_up(settings.log.level, settings.log.format, now=SystemClock().now, environ=os.environ)
    log = logs.logger()
    for warning in settings.warnings:
        log.warning(warning, action=logs.Action.CONFIG_WARNING)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(app().run(settings))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return uvloop's where it is installed; None means asyncio's own."""
    try:
        import uvloop  # noqa: PLC0415 - an extra that may be absent
    except ImportError:
        return None
    return uvloop.new_event_loop
