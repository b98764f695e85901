"""`callbridge webhook`: who is told of events, and how that goes."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import typer
from rich import box
from rich.table import Table

from callbridge.cli import _daemon
from callbridge.cli._options import DEFAULT_CONFIG, AsJson, ConfigFile, example
from callbridge.cli._screen import clean, console

commands = typer.Typer(no_args_is_help=True, help="Subscribers: who is told of events. The daemon must be running.")

TRIES: Final = 20
"""Shown of a subscriber."""

Name = Annotated[str, typer.Argument(metavar="NAME", help="Its name, such as crm.")]
Events = Annotated[list[str] | None, typer.Option("--events", "-e", metavar="GLOB", help="Such as 'call.*'; several.")]
Pbxs = Annotated[list[str] | None, typer.Option("--pbx", metavar="GLOB", help="Events of these PBXs alone; several.")]
Queues = Annotated[list[str] | None, typer.Option("--queue", metavar="GLOB", help="Calls of these queues; several.")]
Headers = Annotated[list[str] | None, typer.Option("--header", metavar="NAME:VALUE", help="Sent along; several.")]
Networks = Annotated[
    list[str] | None, typer.Option("--allow-network", metavar="CIDR", help="A private network it may lie in; several.")
]


@commands.command(
    epilog=example(
        "callbridge webhook add crm https://crm.example/hooks/calls --events 'call.*'",
        "SECRET=$(callbridge webhook add crm http://10.1.2.3/hook --allow-network 10.1.0.0/16)",
    )
)
def add(  # noqa: PLR0913 - typer's way: an option each
    name: Name,
    url: Annotated[str, typer.Argument(metavar="URL", help="Where to: http or https.")],
    config: ConfigFile = DEFAULT_CONFIG,
    *,
    events: Events = None,
    pbx: Pbxs = None,
    queue: Queues = None,
    header: Headers = None,
    strict: Annotated[bool, typer.Option("--strict", help="All events one after another, in one order.")] = False,
    allow_private: Annotated[bool, typer.Option("--allow-private", help="It may lie at a private address.")] = False,
    allow_network: Networks = None,
    timeout_s: Annotated[float | None, typer.Option(min=0.1, max=60, help="For one try.")] = None,
    concurrency: Annotated[int | None, typer.Option(min=1, max=64, help="Tries under way at once.")] = None,
    rate_per_s: Annotated[float | None, typer.Option(min=0.01, max=10_000, help="Tries a second at most.")] = None,
    ed25519: Annotated[bool, typer.Option("--ed25519", help="Sign with a pair of keys (v1a).")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a subscriber and print its secret, this once. It gets the next event."""
    given: dict[str, Any] = {
        "events": events,
        "pbxs": pbx,
        "queues": queue,
        "headers": dict(_headers(header)) if header else None,
        "order": "strict" if strict else None,
        "allow_private": allow_private or None,
        "allow_networks": allow_network,
        "timeout_s": timeout_s,
        "concurrency": concurrency,
        "rate_per_s": rate_per_s,
        "signature": "v1a" if ed25519 else None,
    }
    body = {"name": name, "url": url} | {key: value for key, value in given.items() if value}
    _tell_secret(_daemon.ask(config, "POST", "/webhooks", body), as_json=as_json)


def _headers(given: list[str]) -> Iterator[tuple[str, str]]:
    for each in given:
        name, colon, value = each.partition(":")
        if not colon:
            raise typer.BadParameter(f'"{each}" is no header; write it like "X-Tenant: 4711"')
        yield name.strip(), value.strip()


def _tell_secret(made: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        typer.echo(orjson.dumps(made).decode())
        return
    typer.echo(made["secret"] or made["public_key"])
    safe = "Keep it safe: it is shown this once." if made["secret"] else "The receiver verifies with this public key."
    typer.echo(safe, err=True)


@commands.command("list", epilog=example("callbridge webhook list", "callbridge webhook list --json"))
def listed(config: ConfigFile = DEFAULT_CONFIG, *, as_json: AsJson = False) -> None:
    """List all subscribers and how they do."""
    items = list(_all(config, "/webhooks?limit=200"))
    if as_json:
        typer.echo(orjson.dumps(items, option=orjson.OPT_INDENT_2).decode())
    elif items:
        console().print(_overview(items))
    else:
        typer.echo("No webhooks. Make one: callbridge webhook add NAME URL", err=True)


def _all(config: Path, path: str) -> Iterator[dict[str, Any]]:
    cursor = ""
    while True:
        page = _daemon.ask(config, "GET", f"{path}{cursor}")
        yield from page["items"]
        if page["next"] is None:
            return
        cursor = f"&cursor={_daemon.quoted(page['next'])}"


def _overview(items: list[dict[str, Any]]) -> Table:
    table = Table("name", "url", "events", "state", "waiting", "dead", "last error", box=box.SIMPLE)
    for each in items:
        table.add_row(
            each["name"],
            clean(each["url"]),
            clean(" ".join(each["events"])),
            each["state"],
            str(each["backlog"]),
            str(each["dead_letters"]),
            clean(each["last_error"] or ""),
        )
    return table


@commands.command(epilog=example("callbridge webhook show crm", "callbridge webhook show crm --dead"))
def show(
    name: Name,
    config: ConfigFile = DEFAULT_CONFIG,
    *,
    dead: Annotated[bool, typer.Option("--dead", help="The events that were given up instead of the tries.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show a subscriber with its last tries, or its dead letters."""
    path = f"/webhooks/{_daemon.quoted(name)}"
    webhook = _daemon.ask(config, "GET", path)
    what = "dead-letters" if dead else "deliveries"
    items = _daemon.ask(config, "GET", f"{path}/{what}?limit={TRIES}")["items"]
    if as_json:
        typer.echo(orjson.dumps(webhook | {what.replace("-", "_") if dead else what: items}).decode())
        return
    console().print(_settings(webhook))
    console().print(_dead_letters(items) if dead else _tries(items))


def _settings(webhook: dict[str, Any]) -> Table:
    table = Table(box=None, show_header=False)
    for key, value in webhook.items():
        if value not in (None, [], {}):
            table.add_row(key.replace("_", " "), clean(_word(value)))
    return table


def _word(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{name}: {each}" for name, each in value.items())
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _tries(items: list[dict[str, Any]]) -> Table:
    table = Table("at", "event", "try", "answer", "ms", "said", box=box.SIMPLE)
    for each in items:
        answer = str(each["status"] or "none")
        said = each["answer"] if each["delivered"] else each["error"]
        table.add_row(_when(each["at"]), each["type"], str(each["attempt"]), answer, str(each["ms"]), clean(said or ""))
    return table


def _dead_letters(items: list[dict[str, Any]]) -> Table:
    table = Table("told", "event", "id", "tries", "said", box=box.SIMPLE)
    for each in items:
        row = (_when(each["told_at"]), each["type"], each["event"], str(each["attempts"]))
        table.add_row(*row, clean(each["error"] or ""))
    return table


@commands.command(epilog=example("callbridge webhook pause crm"))
def pause(name: Name, config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Send it nothing until it is resumed; events wait, over restarts too."""
    _daemon.ask(config, "POST", f"/webhooks/{_daemon.quoted(name)}/pause")
    typer.echo(f"{name} is paused. Go on: callbridge webhook resume {name}")


@commands.command(epilog=example("callbridge webhook resume crm"))
def resume(name: Name, config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Go on after a pause, or after it was disabled."""
    resumed = _daemon.ask(config, "POST", f"/webhooks/{_daemon.quoted(name)}/resume")
    typer.echo(f"{name} is told again; {resumed['backlog']} events waited.")


@commands.command(epilog=example("callbridge webhook rotate crm", "callbridge webhook rotate crm --keep-old-hours 0"))
def rotate(
    name: Name,
    config: ConfigFile = DEFAULT_CONFIG,
    *,
    keep_old_hours: Annotated[float, typer.Option(min=0, max=2160, help="For so long both secrets sign.")] = 24,
    ed25519: Annotated[bool, typer.Option("--ed25519", help="Sign with a pair of keys (v1a).")] = False,
    as_json: AsJson = False,
) -> None:
    """Give it another secret and print it, this once."""
    body = {"keep_old_s": keep_old_hours * 3600, "signature": "v1a" if ed25519 else "v1"}
    _tell_secret(_daemon.ask(config, "POST", f"/webhooks/{_daemon.quoted(name)}/rotate", body), as_json=as_json)


@commands.command(
    epilog=example(
        "callbridge webhook replay crm --all",
        "callbridge webhook replay crm --since 2026-11-22T10:00:00Z --until 2026-11-22T11:00:00Z",
    )
)
def replay(  # noqa: PLR0913 - typer's way: an option each
    name: Name,
    config: ConfigFile = DEFAULT_CONFIG,
    *,
    event: Annotated[str | None, typer.Option(metavar="ID", help="One event: evt_…")] = None,
    since: Annotated[str | None, typer.Option(metavar="TIME", help="Those told then or later, RFC 3339.")] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Those told before.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
) -> None:
    """Send dead letters again: with the same ids and the same bytes."""
    given = {"event": event, "since": since, "until": until, "all": every or None}
    body = {key: value for key, value in given.items() if value}
    replayed = _daemon.ask(config, "POST", f"/webhooks/{_daemon.quoted(name)}/replay", body)["replayed"]
    typer.echo(f"{replayed} sent again." if replayed else "No dead letter of that kind.")


@commands.command(epilog=example("callbridge webhook remove crm"))
def remove(name: Name, config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Forget a subscriber, with all that waits for it."""
    _daemon.ask(config, "DELETE", f"/webhooks/{_daemon.quoted(name)}")
    typer.echo(f"{name} is removed.")


def _when(written: str) -> str:
    """Return the host's local time."""
    return datetime.fromisoformat(written).astimezone().strftime("%Y-%m-%d %H:%M:%S")
