"""`callbridge db …`: the schema, and a copy of the database while the daemon goes on."""

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer

from callbridge.cli._app import app
from callbridge.cli._options import DEFAULT_CONFIG, ConfigFile, example
from callbridge.cli._screen import console, tell_all
from callbridge.config import load
from callbridge.errors import CallbridgeError

commands = typer.Typer(no_args_is_help=True, help="The database: its schema, its health, a copy of it.")

NewFile = Annotated[Path, typer.Argument(metavar="FILE", help="The copy to write; it must not be there yet.")]


@commands.command(epilog=example("callbridge db upgrade"))
def upgrade(config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Bring the schema up to date; safe to run twice."""
    settings = load(config, environ=os.environ)
    typer.echo(f"The schema is at {asyncio.run(app().upgrade(settings))}.")


@commands.command(epilog=example("callbridge db check"))
def check(config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Try the database and its schema; exit status 1 when something is wrong."""
    settings = load(config, environ=os.environ)
    if asyncio.run(tell_all(app().check_database(settings), console())):
        raise typer.Exit(1)


@commands.command(epilog=example("callbridge db backup /var/backups/callbridge.db"))
def backup(file: NewFile, config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Copy the database into a new file, while the daemon goes on."""
    settings = load(config, environ=os.environ)
    if os.path.lexists(file):
        raise CallbridgeError(f"{file} is there already. Give the copy another name.")
    asyncio.run(app().backup(settings, file))
    typer.echo(f"Copied to {file}.")
