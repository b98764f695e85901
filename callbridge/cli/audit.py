"""`callbridge audit`: does what was told agree with the PBX's own log?"""

import asyncio
import os
import re
from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import datetime, timedelta, tzinfo
from typing import Annotated, Final
from zoneinfo import ZoneInfo

import orjson
import typer
from rich.console import Console
from rich.text import Text

from callbridge.cli._app import app
from callbridge.cli._options import DEFAULT_CONFIG, AsJson, ConfigFile, example
from callbridge.cli._screen import clean, console
from callbridge.clock import SystemClock
from callbridge.config import Audited, Config, Difference, Span, load

commands = typer.Typer()

AGO: Final = re.compile(r"(\d{1,4})\s*([mhd])")
UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}

Since = Annotated[
    str,
    typer.Option(
        "--since", metavar="WHEN", help="Calls that began from then on: 2026-11-22, 2026-11-22T08:00, 90m, 24h, 7d."
    ),
]
Until = Annotated[str, typer.Option("--until", metavar="WHEN", help="… and until then; left out: until now.")]
Tolerance = Annotated[
    float, typer.Option("--tolerance-s", min=0.0, help="How many seconds times and talks may differ by.")
]


@commands.command(
    epilog=example("callbridge audit --since 24h", "callbridge audit --since 2026-11-01 --json > november.json")
)
def audit(
    config: ConfigFile = DEFAULT_CONFIG,
    since: Since = "24h",
    until: Until = "",
    tolerance_s: Tolerance = 2.0,
    *,
    json: AsJson = False,
) -> None:
    """Compare the call log with Asterisk's own log of channel events (CEL), call by call; list what differs."""
    settings = load(config, environ=os.environ)
    zone = ZoneInfo(settings.pbx[0].timezone)
    now = SystemClock().now()
    span = Span(moment(since, now, zone, "--since"), moment(until, now, zone, "--until") if until else now, tolerance_s)
    audited = Audited()
    found = app().audit(settings, span, audited)
    asyncio.run(_tell_json(found) if json else _tell(found, console(), zone))
    if not json:
        _conclude(audited, settings, console())
    if audited.differences:
        raise typer.Exit(1)


def moment(text: str, now: datetime, zone: tzinfo, option: str) -> datetime:
    """Return when `text` means: so long ago, or a date with or without a time, by the PBX's clock on the wall."""
    ago = AGO.fullmatch(text.strip())
    if ago is not None:
        return now - timedelta(**{UNITS[ago[2]]: int(ago[1])})
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise typer.BadParameter(
            f'"{text}" is no time; write 24h, 7d, 2026-11-22 or 2026-11-22T08:00', param_hint=option
        ) from None
    return at if at.tzinfo is not None else at.replace(tzinfo=zone)


async def _tell(found: AsyncIterator[Difference], screen: Console, zone: tzinfo) -> None:
    async for each in found:
        when = each.started_at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
        parties = f"{each.caller or 'withheld'} → {each.callee or '?'}"
        screen.print(
            Text.assemble(("✗ ", "bold red"), (f"{when}  ", "dim"), clean(parties), f"  {clean(each.words)}  "),
            Text(f"  {each.pbx} {each.call}", "dim"),
            sep="\n",
        )


async def _tell_json(found: AsyncIterator[Difference]) -> None:
    listed = [asdict(each) async for each in found]
    typer.echo(orjson.dumps(listed, option=orjson.OPT_INDENT_2).decode())


def _conclude(audited: Audited, settings: Config, screen: Console) -> None:
    differ = "1 difference" if audited.differences == 1 else f"{audited.differences or 'No'} differences"
    screen.print(f"{audited.calls} calls in the PBX's log. {differ}.")
    if audited.rubbish:
        screen.print(
            f"{audited.rubbish} rows of it could not be read: are `columns` in {settings.path} as in cel_custom.conf?"
        )
