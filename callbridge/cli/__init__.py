"""The command line: one file a command family; `main` is what `callbridge` starts."""

import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import Annotated, Final

import typer

from callbridge import __version__, logs
from callbridge.cli import (
    audit,
    calls,
    check,
    customers,
    database,
    dispatch,
    missed,
    notice,
    run,
    status,
    tail,
    tape,
    token,
    webhook,
    webhook_listen,
    webhook_test,
)
from callbridge.cli._options import example
from callbridge.cli._screen import exit_status, tell_error
from callbridge.clock import SystemClock
from callbridge.errors import CallbridgeError

commands: Final = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # its tracebacks can show local variables, and with them secrets
    context_settings={"help_option_names": ["-h", "--help"]},
)
for family in (run, dispatch, check, status, tail, calls, missed, tape, audit):
    commands.add_typer(family.commands)
commands.add_typer(database.commands, name="db", epilog=example("callbridge db upgrade"))
commands.add_typer(notice.commands, name="notice", epilog=example("callbridge notice test ana@example.com"))
commands.add_typer(token.commands, name="token", epilog=example("callbridge token create crm --scope calls:read"))
commands.add_typer(customers.commands, name="customers", epilog=example("callbridge customers import crm.csv"))
for more in (webhook_test, webhook_listen):
    webhook.commands.add_typer(more.commands)
commands.add_typer(
    webhook.commands, name="webhook", epilog=example("callbridge webhook add crm https://crm.example/hook")
)


def _tell_version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it so
    if wanted:
        typer.echo(f"callbridge {__version__}")
        raise typer.Exit


Version = Annotated[
    bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Tell the version and end.")
]


@commands.callback(epilog=example("callbridge check", "callbridge status"))
def callbridge(*, _version: Version = False) -> None:
    """Tell CRMs what really happens to every call on an Asterisk PBX."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and end the process: a CallbridgeError is one clear message and its exit status, no traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # an old terminal may not know every letter
    # Until `run` says otherwise; unset, structlog would write into the standard output.
    logs.set_up("warning", now=SystemClock().now, environ=os.environ)
    try:
        commands(args=arguments, prog_name="callbridge")
    except CallbridgeError as error:
        tell_error(error)
        sys.exit(exit_status(error))
