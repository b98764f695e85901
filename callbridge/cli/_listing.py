"""Lists as people read them: by day, the newest first, by the clock on the PBX's wall; and what is asked for them."""

import itertools
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import orjson
import typer
from rich.table import Table
from rich.text import Text

from callbridge.calls.customer import Match
from callbridge.cli import _daemon
from callbridge.cli._screen import clean, console
from callbridge.cli.audit import moment
from callbridge.clock import SystemClock
from callbridge.config import PbxNumbers, load_profiles
from callbridge.config.words import meant
from callbridge.directory.e164 import number_plan
from callbridge.errors import ConfigError

SHOWN: Final = 50
MOST: Final = 10_000
"""What a table may have; `--csv` has no limit."""
GAP: Final = 2
"""Between columns."""
NARROWEST: Final = 4

Item = Mapping[str, Any]
Query = list[tuple[str, Any]]

Since = Annotated[
    str, typer.Option("--since", metavar="WHEN", help="From then on: 2h, 7d, 2026-11-20, 2026-11-20T08:00.")
]
Until = Annotated[str, typer.Option("--until", metavar="WHEN", help="Before then.")]
Number = Annotated[str, typer.Option("--number", "-n", help="A telephone number, or an extension.")]
Queue = Annotated[str, typer.Option("--queue", "-q", help="A queue.")]
Agent = Annotated[str, typer.Option("--agent", "-a", metavar="EXTENSION", help="One of our own people.")]
Pbx = Annotated[str, typer.Option("--pbx", metavar="ID", help="One PBX.")]
Limit = Annotated[
    int | None, typer.Option("--limit", "-l", min=1, max=MOST, help=f"How many at most; {SHOWN}, of --csv all.")
]
AsCsv = Annotated[bool, typer.Option("--csv", help="As CSV, for spreadsheets.")]


class Place:
    """Where the PBXs stand, as the configuration says: their clocks, and how numbers are written there."""

    def __init__(self, config: Path) -> None:
        self._pbxs = _profiles(config)

    def zone(self, pbx: str | None = None) -> tzinfo | None:
        """Return a PBX's time zone, or that of the first; None, this host's, where no configuration says it."""
        known = [each for each in self._pbxs if pbx in {None, each.id}] or self._pbxs
        return ZoneInfo(known[0].timezone) if known else None

    def moment(self, written: str, option: str) -> str:
        now = SystemClock().now()
        return moment(written, now, self.zone() or now.astimezone().tzinfo or UTC, option).isoformat()

    def number(self, written: str) -> str:
        """Return a public number as E.164 however it is written here, and everything else as it is."""
        plans = (number_plan(each.country)(written) for each in self._pbxs)
        return next(filter(None, plans), None) or "".join(written.split())


def _profiles(config: Path) -> Sequence[PbxNumbers]:
    try:
        return load_profiles(config)
    except ConfigError:
        return ()  # whoever asks the daemon says what is wrong


def given(place: Place, since: str, until: str, number: str, **others: str) -> Query:
    """Return the query of what was given; what is empty was not."""
    times = [
        (name, place.moment(written, f"--{name}")) for name, written in (("since", since), ("until", until)) if written
    ]
    numbers = [("number", place.number(number))] if number else []
    return [*times, *numbers, *((name, value) for name, value in others.items() if value)]


def words(option: str, known: Iterable[str]) -> Callable[[list[str]], list[str]]:
    """Return what checks the words given with an option, and answers a wrong one with the nearest right one."""
    there = tuple(known)

    def checked(written: list[str]) -> list[str]:
        for word in written:
            if word not in there:
                hint = meant(word, there) or f"; there are {', '.join(there)}"
                raise typer.BadParameter(f'"{word}" is unknown{hint}', param_hint=option)
        return written

    return checked


def tell_csv(config: Path, path: str, query: Query, limit: int | None) -> None:
    """Write an export to the standard output as it comes."""
    wanted = urlencode([*query, *([("limit", limit)] if limit else [])])
    for part in _daemon.download(config, f"{path}?{wanted}"):
        sys.stdout.buffer.write(part)
    sys.stdout.buffer.flush()


def tell_json(items: Sequence[Item]) -> None:
    typer.echo(orjson.dumps(items, option=orjson.OPT_INDENT_2).decode())


def tell_days(
    items: Sequence[Item], at: Callable[[Item], datetime], columns: Sequence[str], row: Callable[[Item], Sequence[Text]]
) -> None:
    """Print a table for each day, with its date above; a column in which nothing stands is left out."""
    screen = console()
    rows = [(at(item).date(), row(item)) for item in items]
    filled = [place for place in range(len(columns)) if any(cells[place] for _, cells in rows)]
    widths = {place: max(len(columns[place]), *(cells[place].cell_len for _, cells in rows)) for place in filled}
    whole = sum(widths.values()) + GAP * len(widths)
    if not screen.is_terminal:
        screen.width = max(screen.width, whole)  # what is piped is never cut
    fits = screen.width >= whole
    for day, of_day in itertools.groupby(rows, key=lambda pair: pair[0]):
        table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="dim")
        for place in filled:  # days under one another have the same columns, where there is room
            table.add_column(columns[place], overflow="fold", min_width=widths[place] if fits else NARROWEST)
        for _, cells in of_day:
            table.add_row(*(cells[place] for place in filled))
        screen.print(Text(f"{day:%A} {day}", "bold"))
        screen.print(table, soft_wrap=False)
        screen.print()


def wall(written: str, zone: tzinfo | None) -> datetime:
    """Return a time of `/v1` by the clock there."""
    return datetime.fromisoformat(written).astimezone(zone)


def span(seconds: float | None) -> str:
    """Return `0:42`, `12:05`, `1:02:03`; nothing for None."""
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def party(told: Mapping[str, Any]) -> str:
    """Return who it is: `Maria Silva +351912345678`."""
    number = told.get("extension") or told.get("number") or told.get("raw")
    return clean(" ".join(filter(None, (told.get("name"), number)))) or "withheld"


def customer(known: Mapping[str, Any]) -> str:
    """Return whom the directory knows: a name, or how many it may be."""
    if known["match"] == Match.MANY:
        return f"{len(known['candidates'])} candidates"
    return clean(known["name"] or known["id"] or "")
