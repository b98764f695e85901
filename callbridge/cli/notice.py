"""`callbridge notice`: e-mails about missed calls."""

import asyncio
import io
import os
from typing import Annotated

import typer

from callbridge import logs
from callbridge.cli._app import app
from callbridge.cli._options import DEFAULT_CONFIG, ConfigFile, example
from callbridge.cli._screen import console, tell
from callbridge.clock import SystemClock
from callbridge.config import Level, email_address, load_either

commands = typer.Typer(no_args_is_help=True)


def _address(text: str) -> str:
    try:
        return email_address(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


Address = Annotated[str, typer.Argument(metavar="ADDRESS", callback=_address, help="Who gets it.")]


@commands.callback()
def family() -> None:
    """E-mails about missed calls."""


@commands.command("test", epilog=example("callbridge notice test ana@example.com"))
def send_trial(address: Address, config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Send a mail that says that it is a test, at once, and say what the mail server said; 0 where it took it."""
    logs.set_up("error", now=SystemClock().now, environ=os.environ, stream=io.StringIO())  # the finding tells
    finding = asyncio.run(app().send_trial(load_either(config, environ=os.environ), address))
    tell(finding, console())
    raise typer.Exit(0 if finding.level is Level.OK else 1)
