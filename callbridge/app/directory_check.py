"""What `callbridge check` says of each CRM that is asked whose number it is: it is asked for a number nobody has."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Final

from callbridge.app import build
from callbridge.app.findings import problem
from callbridge.clock import Clock
from callbridge.config import Config, Finding, Level, Lookup
from callbridge.directory import answer, template
from callbridge.directory.asking import Asking
from callbridge.errors import CallbridgeError

NOBODYS: Final = "+999000000000"
"""+999 is no country's: ITU-T's list of country codes has it as reserved."""
CHECK_S: Final = 10.0
"""For one answer: what is slow shall be told apart from what is dead."""


async def check_directory(config: Config, clock: Clock) -> AsyncIterator[Finding]:
    """Ask each CRM, as the daemon would."""
    pbx = next((pbx.id for pbx in config.pbx), "main")
    for index, look_up in enumerate(config.directory.lookup):
        async for finding in check_look_up(look_up, pbx, config.where("directory", "lookup", index, "url"), clock):
            yield finding


async def check_look_up(look_up: Lookup, pbx: str, where: str, clock: Clock) -> AsyncIterator[Finding]:
    """Ask one twice: the second time the connection is there, as it mostly is when a call comes."""
    what = f"look-up {look_up.name}"
    url = template.question(look_up.url, {"number": NOBODYS, "raw": NOBODYS, "pbx": pbx})
    try:
        async with Asking(replace(build.look_up_settings(look_up), deadline_s=CHECK_S)) as asking:
            status, _ = await asking.get(url)
            began = clock.monotonic()
            status, body = await asking.get(url)
            took_s = clock.monotonic() - began
        named = answer.customers(look_up.name, status, body)
    except CallbridgeError as error:
        found = problem(where, what, error)
        yield replace(found, text=found.text.replace(f"{what}: {look_up.name}", what))
        return
    yield Finding(Level.OK, where, f"{what} {_said(status)} in {took_s * 1000:.0f} ms")
    if named:
        text = f"{what}: it knows {named[0].id} by {NOBODYS}, a number that nobody can have"
        yield Finding(Level.WARNING, where, text, "Does it compare whole numbers, and decode %2B into +?")
    if took_s > look_up.deadline_s:
        text = f"{what}: it takes longer than deadline_s = {look_up.deadline_s:g}, so its answers are thrown away"
        yield Finding(Level.WARNING, where, text, "Make it faster (an index on numbers?), or give it more time.")


def _said(status: int) -> str:
    if status == answer.NOBODY_THERE[0]:
        return "answers 404, as for a number that nobody has (and as for a path that is wrong)"
    return f"answers {status}"
