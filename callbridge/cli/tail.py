"""`callbridge tail`: events as they happen."""

import fnmatch
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any, Final

import orjson
import typer
from rich.text import Text

from callbridge.cli import _daemon
from callbridge.cli._options import DEFAULT_CONFIG, AsJson, ConfigFile, example
from callbridge.cli._screen import clean, console
from callbridge.config import event_glob

commands = typer.Typer()

STYLES: Final[Mapping[str, str]] = {
    "started": "blue",
    "ringing": "yellow",
    "answered": "green",
    "ended": "blue",
    "missed": "bold red",
    "recovered": "bold green",
    "failed": "bold red",
    "disconnected": "bold red",
    "connected": "green",
}
"""The colour of an event, by the last part of its type."""


def _known_type(glob: str) -> str:
    try:
        return event_glob(glob)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


TypeGlob = Annotated[
    str, typer.Option("--type", "-t", metavar="GLOB", callback=_known_type, help="Only these types, such as 'call.*'.")
]


@commands.command(epilog=example("callbridge tail --type 'call.*'", "callbridge tail --json | jq .data.call.state"))
def tail(config: ConfigFile = DEFAULT_CONFIG, *, glob: TypeGlob = "*", as_json: AsJson = False) -> None:
    """Follow the events of the running daemon, one line each, until Ctrl-C."""
    screen = console()
    with suppress(KeyboardInterrupt):  # the ordinary end
        for line in _daemon.events(config):
            event = orjson.loads(line)
            if fnmatch.fnmatchcase(str(event.get("type")), glob):
                screen.print(line.decode() if as_json else readable(event))
        typer.echo("The daemon stopped.", err=True)


def readable(event: dict[str, Any]) -> Text:
    """Return an event as one line: `12:00:01 call.ringing  Maria Silva +351… → 1001  sales`."""
    kind, data = str(event.get("type", "")), event.get("data") or {}
    call = data.get("call") or {}
    people = [_party(call.get("from")), _party(call.get("to"))] if call else []
    return Text.assemble(
        (_clock(event.get("timestamp")), "dim"),
        (f" {kind:<18} ", STYLES.get(kind.rpartition(".")[2], "bold")),
        clean(" → ".join(people) or str(data.get("pbx", ""))),
        (clean(f"  {call.get('queue') or ''}".rstrip()), "magenta"),
    )


def _party(party: dict[str, Any] | None) -> str:
    known = party or {}
    number = known.get("extension") or known.get("number") or known.get("raw")
    return " ".join(filter(None, (known.get("name"), number))) or "unknown"


def _clock(timestamp: Any) -> str:
    try:
        return datetime.fromisoformat(str(timestamp)).astimezone().strftime("%H:%M:%S")
    except ValueError:
        return "--:--:--"
