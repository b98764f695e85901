"""`callbridge webhook listen`: a receiver to begin with."""

import asyncio
import socket
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import typer
from pydantic import ValidationError
from rich.text import Text

from callbridge.cli import tail
from callbridge.cli._options import AsJson, example
from callbridge.cli._receiver import Receiver, Taken, listening
from callbridge.cli._screen import clean, console
from callbridge.clock import SystemClock
from callbridge.config import Http, Secret
from callbridge.config.secret import Places, SecretMistake
from callbridge.delivery.guard import Guard
from callbridge.delivery.verifying import Verifier
from callbridge.errors import AddressForbidden, ConfigError
from callbridge.hooks import PUBLIC_KEY, new_secret

commands = typer.Typer()

TABLE: Final = """\
[[webhook]]
name = "crm"
url = "http://{host}:{port}/"
{secret}
"""
LINE_MOST: Final = 300
"""Letters."""
PRIVATE: Final = "allow_private = true        # this address is inside the house\n"


def read_secret(file: Path) -> Secret:
    """Return the secret in a file. Raises ConfigError."""
    try:
        found = Places(file, {}).find({"secret_file": str(file.absolute())}, "secret")
    except SecretMistake as mistake:
        raise ConfigError((str(mistake),)) from None
    if found is None:
        raise ConfigError((f"{file} holds no secret",))
    return found.secret


Listen = Annotated[str, typer.Option("--listen", "-l", metavar="HOST:PORT", help="Port 0 takes a free one.")]
SecretFile = Annotated[
    Path | None,
    typer.Option("--secret-file", metavar="FILE", help="Holds the subscriber's whsec_…, or its public key whpk_…"),
]
NewSecret = Annotated[bool, typer.Option("--new-secret", help="Make one; so it is without --secret-file.")]
Answer = Annotated[
    int, typer.Option("--answer", min=200, max=599, help="To what verifies; 500 shows how callbridge tries again.")
]


@commands.command(
    epilog=example("callbridge webhook listen", "callbridge webhook listen --secret-file /etc/callbridge/crm.secret")
)
def listen(
    address: Listen = "127.0.0.1:9000",
    *,
    secret_file: SecretFile = None,
    new: NewSecret = False,
    answer: Answer = 204,
    as_json: AsJson = False,
) -> None:
    """Take webhooks, verify them and show one line each, until Ctrl-C; needs neither configuration nor daemon."""
    if new and secret_file is not None:
        raise typer.BadParameter("--new-secret and --secret-file are given together; keep one of them")
    host, port = _address(address)
    secret = new_secret() if secret_file is None else read_secret(secret_file).reveal()
    clock = SystemClock()
    receiver = Receiver(Verifier(secret, clock), answer, _show_json if as_json else _show, clock)
    line = _secret_line(secret, secret_file)
    with suppress(KeyboardInterrupt):  # the ordinary end
        asyncio.run(_serve(receiver, host, port, line))


def _secret_line(secret: str, file: Path | None) -> str:
    """Return what callbridge needs: of a pair of keys it is not the half that is here."""
    if file is None:
        return f'secret = "{secret}"'
    written = f"secret_file = {orjson.dumps(str(file.absolute())).decode()}"
    return written if not secret.startswith(PUBLIC_KEY) else 'secret_file = "crm.key"   # the private half, whsk_…'


def _address(text: str) -> tuple[str, int]:
    try:
        http = Http(listen=text)
    except ValidationError:
        raise typer.BadParameter(f'"{text}" must be host:port, such as 127.0.0.1:9000 or [::1]:9000') from None
    return http.host, http.port


async def _serve(receiver: Receiver, host: str, port: int, secret: str) -> None:
    async with listening(receiver, host, port) as (address, taken):
        typer.echo(f"Listening on {_shown(address)}:{taken}, on every path. For callbridge.toml:\n", err=True)
        typer.echo(table(address, taken, secret), err=True)
        await asyncio.Event().wait()


def table(address: str, port: int, secret: str) -> str:
    """Return the `[[webhook]]` that leads here."""
    here = ip_address(address)
    host = socket.gethostname() if here.is_unspecified else _shown(address)
    written = TABLE.format(host=host, port=port, secret=secret)
    try:
        Guard(allow_private=False).check(address, port)
    except AddressForbidden:
        return written + PRIVATE
    return written


def _shown(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _show(taken: Taken) -> None:
    screen, verdict = console(), taken.verdict
    again = "  again: its id came before" if taken.again else ""
    if verdict.verified:
        screen.print(Text.assemble(_event(taken), (f"  ✓ {verdict.scheme}", "green"), (again, "yellow")))
        return
    screen.print(Text.assemble(_event(taken), (f"  ✗ not verified: {clean(verdict.why)}", "bold red")))
    if verdict.advice:
        screen.print(Text(f"  → {clean(verdict.advice)}"))


def _event(taken: Taken) -> Text:
    """Return what is told, and of which call. Nobody need have signed it: it may be anything, and of any length."""
    event = taken.event or {}
    try:
        line, call = tail.readable(event | {"type": clean(event["type"])}), event["data"].get("call")
        line.append(f"  {clean(call['id'])}" if call else "", "dim")
    except (AttributeError, KeyError, TypeError):
        what = f"no event, on {taken.path} from {taken.sender}"
        line = Text.assemble((f"{taken.at.astimezone():%H:%M:%S}", "dim"), f" {clean(what)}")
    line.truncate(LINE_MOST)
    return line


def _show_json(taken: Taken) -> None:
    told: dict[str, Any] = {
        "at": taken.at,
        "id": taken.event_id,
        "verified": taken.verdict.verified,
        "scheme": taken.verdict.scheme,
        "why": taken.verdict.why or None,
        "advice": taken.verdict.advice or None,
        "again": taken.again,
        "answered": taken.status,
        "event": taken.event,
    }
    console().print(orjson.dumps(told).decode())
