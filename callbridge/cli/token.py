"""`callbridge token`: who may ask the HTTP API for what."""

from datetime import datetime
from typing import Annotated, Any

import orjson
import typer
from rich import box
from rich.table import Table

from callbridge.api.scopes import Scope
from callbridge.cli import _daemon
from callbridge.cli._options import DEFAULT_CONFIG, AsJson, ConfigFile, example
from callbridge.cli._screen import clean, console

commands = typer.Typer(no_args_is_help=True, help="API tokens: who may ask for what. The daemon must be running.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="What uses it, such as crm.")]
NameOrId = Annotated[str, typer.Argument(metavar="NAME", help="The token's name, or its id.")]
Scopes = Annotated[
    list[Scope], typer.Option("--scope", "-s", metavar="SCOPE", help=f"May be given several times: {', '.join(Scope)}.")
]
Expires = Annotated[int | None, typer.Option("--expires-days", min=1, max=3650, help="Left out: it never expires.")]


@commands.command(
    epilog=example(
        "callbridge token create crm --scope calls:read --expires-days 365",
        "TOKEN=$(callbridge token create backup -s admin)",
    )
)
def create(
    name: Name,
    scope: Scopes,
    config: ConfigFile = DEFAULT_CONFIG,
    expires_days: Expires = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Make a token and print its secret, this once; nobody can tell it again."""
    wanted = {"name": name, "scopes": scope} | ({"expires_days": expires_days} if expires_days else {})
    made = _daemon.ask(config, "POST", "/tokens", wanted)
    typer.echo(orjson.dumps(made).decode() if as_json else made["token"])
    if not as_json:
        typer.echo("Keep it safe: it is shown this once.", err=True)


@commands.command("list", epilog=example("callbridge token list", "callbridge token list --json | jq '.[].name'"))
def listed(config: ConfigFile = DEFAULT_CONFIG, *, as_json: AsJson = False) -> None:
    """List all tokens, without their secrets."""
    items = _daemon.ask(config, "GET", "/tokens")["items"]
    if as_json:
        typer.echo(orjson.dumps(items, option=orjson.OPT_INDENT_2).decode())
    elif items:
        console().print(_table(items), soft_wrap=False)
    else:
        typer.echo("No tokens. Make one: callbridge token create NAME --scope calls:read", err=True)


@commands.command(epilog=example("callbridge token revoke crm"))
def revoke(name: NameOrId, config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Let a token be good no longer, from this moment on."""
    revoked = _daemon.ask(config, "DELETE", f"/tokens/{_daemon.quoted(name)}")
    typer.echo(f"{revoked['name']} ({revoked['id']}) is revoked.")


def _table(items: list[dict[str, Any]]) -> Table:
    table = Table("name", "id", "scopes", "made", "last used", "good until", box=box.SIMPLE)
    for each in items:
        until = f"revoked {_when(each['revoked_at'])}" if each["revoked_at"] else _when(each["expires_at"], "for ever")
        used = _when(each["used_at"], "never")
        table.add_row(
            clean(each["name"]), each["id"], clean(" ".join(each["scopes"])), _when(each["made_at"]), used, until
        )
    return table


def _when(written: str | None, otherwise: str = "") -> str:
    """Return the host's local time."""
    if written is None:
        return otherwise
    return datetime.fromisoformat(written).astimezone().strftime("%Y-%m-%d %H:%M")
