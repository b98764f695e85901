"""`callbridge customers`: bring a table of them in, and look who is there."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from callbridge.cli import _daemon
from callbridge.cli._customer_import import TAKE_S, Nobody, Refusals, RunningDaemon, Tally, bring
from callbridge.cli._customer_table import CustomerTable, Others
from callbridge.cli._options import DEFAULT_CONFIG, AsJson, ConfigFile, example
from callbridge.cli._screen import clean, console, tell_error
from callbridge.clock import SystemClock
from callbridge.errors import CallbridgeError, NotRunning

commands = typer.Typer(no_args_is_help=True, help="Customers: whose number it is. The daemon must be running.")

TableFile = Annotated[Path, typer.Argument(metavar="FILE.csv", help="Columns named in its first line; see the docs.")]
CustomerId = Annotated[str, typer.Argument(metavar="ID", help="The CRM's own.")]
OthersOption = Annotated[Others, typer.Option("--others", help="What becomes of columns there is no name for.")]


@commands.command(
    "import",
    epilog=example("callbridge customers import crm.csv --dry-run", "callbridge customers import crm.csv"),
)
def import_(
    file: TableFile,
    config: ConfigFile = DEFAULT_CONFIG,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check every row and take none.")] = False,
    others: OthersOption = Others.REFUSE,
) -> None:
    """Put every customer of a table. Exit status: 0 all taken, 1 some refused, 2 nothing could be done, 3 no daemon."""
    table, tally, clock = CustomerTable(file, others), Tally(), SystemClock()
    if table.encoding == "cp1252":
        typer.echo(f"{file} is not UTF-8: it is read as Windows-1252.", err=True)
    taker = Nobody() if dry_run else RunningDaemon(config)
    began = clock.monotonic()
    with Refusals(table) as refusals, _progress() as progress:
        task = progress.add_task("", total=table.lines)
        try:
            bring(table, taker, refusals, tally, lambda line: progress.update(task, completed=line))
        except NotRunning:
            _tell_broken_off(tally)
            raise
        except CallbridgeError as error:
            _tell_broken_off(tally)
            tell_error(error)
            raise typer.Exit(1 if tally.taken else 2) from None
        progress.update(task, completed=table.lines)
    _conclude(tally, refusals.path, clock.monotonic() - began, dry_run=dry_run)
    if tally.refused:
        raise typer.Exit(1 if tally.taken else 2)


def _progress() -> AbstractContextManager[Progress] | Progress:
    """On a terminal alone: what is piped is for programs."""
    screen = Console(stderr=True)
    columns = (BarColumn(), TextColumn("{task.completed:,} of {task.total:,} lines"), TimeRemainingColumn())
    return Progress(*columns, console=screen, disable=not screen.is_terminal, transient=True)


def _tell_broken_off(tally: Tally) -> None:
    if tally.rows:
        again = "Import the table again: nobody is there twice."
        typer.echo(f"Broken off: {tally.taken:,} customers were taken. {again}", err=True)


def _conclude(tally: Tally, report: Path, took_s: float, *, dry_run: bool) -> None:
    if dry_run:
        typer.echo(f"{tally.rows:,} rows: {tally.taken:,} would be taken, {tally.refused:,} refused. Nothing was done.")
    else:
        rate = f"{tally.rows / took_s:,.0f} rows a second" if took_s else "at once"
        typer.echo(
            f"{tally.rows:,} rows: {tally.new:,} new, {tally.changed:,} changed, {tally.refused:,} refused. "
            f"{took_s:.1f} s, {rate}."
        )
    if tally.refused:
        typer.echo(f"Those refused stand in {report}, each with its line and the reason.", err=True)


@commands.command(
    "list", epilog=example("callbridge customers list --name silva", "callbridge customers list --type vip --json")
)
def listed(
    config: ConfigFile = DEFAULT_CONFIG,
    *,
    name: Annotated[str | None, typer.Option(help="What the name begins with.")] = None,
    kind: Annotated[str | None, typer.Option("--type", help="Of one type.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many at most.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List customers by name."""
    given = {"name": name, "type": kind, "limit": limit}
    query = "&".join(f"{key}={_daemon.quoted(str(value))}" for key, value in given.items() if value is not None)
    page = _daemon.ask(config, "GET", f"/customers?{query}")
    if as_json:
        typer.echo(orjson.dumps(page["items"], option=orjson.OPT_INDENT_2).decode())
    elif page["items"]:
        console().print(_overview(page["items"]), soft_wrap=False)
        if page["next"] is not None:
            typer.echo("There are more: ask for a name, or with --limit.", err=True)
    else:
        typer.echo("No such customers. Bring them in: callbridge customers import FILE.csv", err=True)


def _overview(items: Sequence[Mapping[str, Any]]) -> Table:
    table = Table("id", "name", "type", "owner", "numbers", box=box.SIMPLE)
    for each in items:
        others = [phone for place in (*each["branches"], *each["contacts"]) for phone in place["phones"]]
        numbers = [*each["phones"], *each["mobiles"], *others]
        shown = ", ".join(numbers[:3]) + (f" and {len(numbers) - 3} more" if len(numbers) > 3 else "")  # noqa: PLR2004 - of the line above
        table.add_row(*(clean(each[key] or "") for key in ("id", "name", "type", "owner")), clean(shown))
    return table


@commands.command(epilog=example("callbridge customers whose '912 345 678'", "callbridge customers whose 2201 --json"))
def whose(
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="Written in any way.")],
    config: ConfigFile = DEFAULT_CONFIG,
    *,
    pbx: Annotated[str | None, typer.Option(help="Where it calls: by the number plan of its country.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say whose number it is, as a call would show it. Exit status 1 where it is nobody's."""
    where = f"&pbx={_daemon.quoted(pbx)}" if pbx else ""
    found = _daemon.ask(config, "GET", f"/lookup?number={_daemon.quoted(number)}{where}", within_s=TAKE_S)
    if as_json:
        typer.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())
    else:
        _tell_whose(found)
    if found["customer"]["match"] == "none":
        raise typer.Exit(1)


def _tell_whose(found: Mapping[str, Any]) -> None:
    customer = found["customer"]
    people = customer["candidates"] or ([customer] if customer["id"] else [])
    typer.echo(f"{found['number']}: {len(people) or 'no'} customer{'' if len(people) == 1 else 's'}")
    table = Table("id", "name", "type", "matched", "at", "source", box=box.SIMPLE)
    for each in people:
        table.add_row(*(clean(each[key] or "") for key in ("id", "name", "type", "matched", "at", "source")))
    if people:
        console().print(table, soft_wrap=False)
    if found["failed"]:
        typer.echo("A source of the directory could not answer; see: callbridge status", err=True)


@commands.command(epilog=example("callbridge customers show C-17"))
def show(customer_id: CustomerId, config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Show a customer, whole, as JSON."""
    found = _daemon.ask(config, "GET", f"/customers/{_daemon.quoted(customer_id)}")
    typer.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())


@commands.command(epilog=example("callbridge customers remove C-17"))
def remove(customer_id: CustomerId, config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Remove a customer, with all numbers; calls keep whom they were with."""
    _daemon.ask(config, "DELETE", f"/customers/{_daemon.quoted(customer_id)}")
    typer.echo(f"{clean(customer_id)} is removed.")
