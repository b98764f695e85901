"""`callbridge record` and `callbridge replay`: what the PBX said, kept and played again."""

import asyncio
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from callbridge.cli._app import app
from callbridge.cli._options import DEFAULT_CONFIG, ConfigFile, example
from callbridge.config import Config, Limits, load, load_limits, load_profiles
from callbridge.config.words import meant
from callbridge.errors import CallbridgeError

commands = typer.Typer()

NewTape = Annotated[Path, typer.Argument(metavar="FILE", help="The tape to write; it must not be there yet.")]
Tape = Annotated[
    Path, typer.Argument(metavar="TAPE", help="A tape of `record`, or a raw AMI capture.", exists=True, dir_okay=False)
]
PbxId = Annotated[str | None, typer.Option("--pbx", metavar="ID", help="Which PBX, where there are several.")]
PbxConfig = Annotated[
    Path | None,
    typer.Option("--pbx-config", metavar="FILE", help="What is known of the PBX: a file with pbx tables, and limits."),
]


@commands.command(epilog=example("callbridge record monday.tape", "callbridge record --pbx main monday.tape"))
def record(tape: NewTape, config: ConfigFile = DEFAULT_CONFIG, pbx: PbxId = None) -> None:
    """Write what the PBX says to a tape, secrets left out, until Ctrl-C."""
    settings = load(config, environ=os.environ)
    if os.path.lexists(tape):
        raise CallbridgeError(f"{tape} is there already. Give the new tape another name.")
    chosen = _chosen(settings, pbx)
    typer.echo(f"Recording {chosen} to {tape}; Ctrl-C ends it.", err=True)
    with suppress(KeyboardInterrupt):  # the ordinary end
        asyncio.run(app().record(settings, tape, chosen))


def _chosen(settings: Config, pbx: str | None) -> str:
    """Return the id of the PBX meant; it need not be said where there is one only."""
    known = [each.id for each in settings.pbx]
    if pbx in known:
        return pbx
    if pbx is None and len(known) == 1:
        return known[0]
    hint = meant(pbx, known) if pbx else ""
    raise typer.BadParameter(f"choose one of {', '.join(known)}{hint}", param_hint="--pbx")


@commands.command(
    epilog=example("callbridge replay monday.tape", "callbridge replay --pbx-config pbx.toml capture.txt | jq .type")
)
def replay(tape: Tape, pbx_config: PbxConfig = None) -> None:
    """Play a tape through the same code as the live wire; print the events, one JSON line each. Needs no PBX."""
    profiles = load_profiles(pbx_config) if pbx_config else ()
    limits = load_limits(pbx_config) if pbx_config else Limits()
    for event in app().replay(tape, profiles, limits):
        sys.stdout.buffer.write(event + b"\n")
        sys.stdout.buffer.flush()
