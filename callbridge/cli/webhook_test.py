"""`callbridge webhook test`: a sample, and what came back."""

from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import typer

from callbridge.cli import _daemon
from callbridge.cli._options import DEFAULT_CONFIG, AsJson, ConfigFile, example
from callbridge.cli._screen import clean, console, tell
from callbridge.cli.webhook_listen import read_secret
from callbridge.config import Finding, Level
from callbridge.hooks import meant
from callbridge.trials import SAMPLED

commands = typer.Typer()

WITHIN_S: Final = 35.0
"""More than the daemon gives itself."""
KINDS: Final = tuple(map(str, SAMPLED))


def _sampled(text: str) -> str:
    if text not in KINDS:
        raise typer.BadParameter(f'there is no sample of "{text}"{meant(text, KINDS)} See --list-types.')
    return text


def _list_types(wanted: bool) -> None:  # noqa: FBT001 - typer calls it so
    if wanted:
        typer.echo("\n".join(KINDS))
        raise typer.Exit


Name = Annotated[str | None, typer.Argument(metavar="NAME", help="A subscriber; or else --url.")]
Type = Annotated[str, typer.Option("--type", "-t", metavar="TYPE", callback=_sampled, help="What is sent a sample of.")]
Url = Annotated[str | None, typer.Option("--url", metavar="URL", help="Where nobody subscribes yet.")]
SecretFile = Annotated[Path | None, typer.Option("--secret-file", metavar="FILE", help="Of --url: holds whsec_…")]
AllowPrivate = Annotated[bool, typer.Option("--allow-private", help="Of --url: it may lie at a private address.")]
ListTypes = Annotated[
    bool, typer.Option("--list-types", callback=_list_types, is_eager=True, help="List them and end.")
]


@commands.command(
    "test",
    epilog=example(
        "callbridge webhook test crm",
        "callbridge webhook test crm --type call.missed",
        "callbridge webhook test --url https://crm.example/hook --secret-file crm.secret",
    ),
)
def send_sample(  # noqa: PLR0913 - typer's way: an option each
    name: Name = None,
    config: ConfigFile = DEFAULT_CONFIG,
    *,
    kind: Type = "call.ended",
    url: Url = None,
    secret_file: SecretFile = None,
    allow_private: AllowPrivate = False,
    as_json: AsJson = False,
    _list: ListTypes = False,
) -> None:
    """Have the daemon send a sample, at once, and say what came back; 0 where it was taken, or else 1."""
    if (name is None) == (url is None):
        raise typer.BadParameter("give a subscriber's NAME, or --url with --secret-file")
    if name is not None:
        came = _ask(config, f"/webhooks/{_daemon.quoted(name)}/test", {"type": kind})
    else:
        if secret_file is None:
            raise typer.BadParameter("--url needs --secret-file, to sign with")
        secret = read_secret(secret_file).reveal()
        body = {"type": kind, "url": url, "secret": secret, "allow_private": allow_private}
        came = _ask(config, "/webhook-trials", body)
        came["advice"] = (came["advice"] or "").replace("allow_private = true", "--allow-private")
    typer.echo(orjson.dumps(came).decode()) if as_json else _tell(name or "the receiver", came)
    raise typer.Exit(0 if came["delivered"] else 1)


def _ask(config: Path, path: str, body: dict[str, Any]) -> dict[str, Any]:
    came: dict[str, Any] = _daemon.ask(config, "POST", path, body, within_s=WITHIN_S)
    return came


def _tell(name: str, came: dict[str, Any]) -> None:
    screen = console()
    took = f"{name} took a sample of {came['type']}: " if came["delivered"] else f"{name} did not take it: "
    level = Level.OK if came["delivered"] else Level.PROBLEM
    tell(Finding(level, "", f"{took}{came['said']} ({came['ms']} ms)", came["advice"] or ""), screen)
    if came["delivered"] and came["answer"]:
        screen.print(f"  its answer begins: {clean(came['answer'])}")
    screen.print(f"  webhook-id: {came['event']}", style="dim")
