"""`callbridge check`: is everything as it should be?"""

import asyncio
import io
import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from callbridge import logs
from callbridge.cli._app import app
from callbridge.cli._options import DEFAULT_CONFIG, ConfigFile, example
from callbridge.cli._screen import console, tell, tell_all, tell_lines
from callbridge.clock import SystemClock
from callbridge.config import Config, Finding, Level, load_either
from callbridge.errors import ConfigError

commands = typer.Typer()

Offline = Annotated[bool, typer.Option("--offline", help="Read the configuration only; connect to nothing.")]


@commands.command(epilog=example("callbridge check", "callbridge check --config new.toml --offline"))
def check(config: ConfigFile = DEFAULT_CONFIG, *, offline: Offline = False) -> None:
    """Read the configuration, then try each PBX, the database and each subscriber; tell every problem at once."""
    screen = console()
    logs.set_up("error", now=SystemClock().now, environ=os.environ, stream=io.StringIO())  # the findings tell
    settings = _read(config, screen)
    problems = 0 if offline else asyncio.run(tell_all(app().check(settings), screen))
    _conclude(problems, screen)


def _read(path: Path, screen: Console) -> Config:
    try:
        settings = load_either(path, environ=os.environ)
    except ConfigError as error:
        tell_lines(Level.PROBLEM, error.mistakes, screen)
        _conclude(len(error.mistakes), screen)
        raise  # never reached: mistakes there are
    tell(Finding(Level.OK, str(path), "the configuration is well formed"), screen)
    tell_lines(Level.WARNING, settings.warnings, screen)
    return settings


def _conclude(problems: int, screen: Console) -> None:
    screen.print(f"{problems or 'No'} problem{'s' if problems != 1 else ''}.")
    if problems:
        raise typer.Exit(1)
