"""What several commands take."""

from pathlib import Path
from typing import Annotated, Final

import typer

DEFAULT_CONFIG: Final = Path("/etc/callbridge/callbridge.toml")

ConfigFile = Annotated[
    Path, typer.Option("--config", "-c", envvar="CALLBRIDGE_CONFIG", metavar="FILE", help="The configuration.")
]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON, for programs.")]


def example(*lines: str) -> str:
    """Return the end of a --help: how the command is really typed."""
    return "\n\n".join(["[bold]Example[/bold]", *(f"[cyan]$ {line}[/cyan]" for line in lines)])
