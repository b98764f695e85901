"""What is shown to people: findings, errors, and text from outside made harmless."""

import sys
from collections.abc import AsyncIterator, Iterable
from typing import Final

from rich.console import Console
from rich.text import Text

from callbridge.config import Finding, Level
from callbridge.errors import CallbridgeError, ConfigError, NotRunning, TableUnusable
from callbridge.logs import scrub, visible

EXITS: Final[tuple[tuple[type[CallbridgeError], int], ...]] = (
    (ConfigError, 2),
    (TableUnusable, 2),
    (NotRunning, 3),
    (CallbridgeError, 1),
)
"""Which error ends the program with which status; the first that fits."""

MARKS: Final = {Level.OK: ("✓", "green"), Level.WARNING: ("!", "yellow"), Level.PROBLEM: ("✗", "bold red")}


def console() -> Console:
    """Return the standard output; what is piped is never cut to a width."""
    return Console(highlight=False, markup=False, soft_wrap=True)


def exit_status(error: CallbridgeError) -> int:
    return next(status for kind, status in EXITS if isinstance(error, kind))


def tell_error(error: CallbridgeError) -> None:
    """Print the error on stderr: one line, or one for each mistake."""
    for line in str(error).splitlines():
        sys.stderr.write(f"callbridge: {visible(scrub(line))}\n")


def tell(finding: Finding, screen: Console) -> None:
    """Print one finding: what, where, and on lines of its own what to do."""
    mark, style = MARKS[finding.level]
    where = f"{finding.where}: " if finding.where else ""
    screen.print(Text.assemble((f"{mark} ", style), (where, "dim"), clean(finding.text)))
    for place, line in enumerate(finding.advice.splitlines()):
        screen.print(Text(f"  {' ' if place else '→'} {clean(line)}"))


async def tell_all(found: AsyncIterator[Finding], screen: Console) -> int:
    """Print findings as they come; return how many problems were among them."""
    problems = 0
    async for finding in found:
        tell(finding, screen)
        problems += finding.level is Level.PROBLEM
    return problems


def tell_lines(level: Level, lines: Iterable[str], screen: Console) -> None:
    """Print finished lines, such as the mistakes of a configuration."""
    for line in lines:
        tell(Finding(level, "", line), screen)


def clean(text: str) -> str:
    """Return text from outside without control characters and secrets."""
    return visible(scrub(text))
