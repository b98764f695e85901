"""Recording what a PBX says, and playing it again through the same code."""

import asyncio
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from signal import SIGINT, SIGTERM
from typing import BinaryIO, Final, NoReturn

from callbridge.app import build, supervision
from callbridge.asterisk import tape as tapes
from callbridge.asterisk.ami.link import AmiLink, LinkDown, Received
from callbridge.asterisk.from_ami import facts_from
from callbridge.calls.facts import TimePassed
from callbridge.calls.tracker import Tracker
from callbridge.clock import SystemClock
from callbridge.config import Config, Limits, PbxNumbers
from callbridge.delivery.payload import render
from callbridge.errors import CallbridgeError
from callbridge.logs import Action, bind, logger

UNNAMED: Final = "main"
"""The id of a PBX whose raw capture is played without a configuration."""
MOST_AT_ONCE: Final = 500
NO_LIMITS: Final = Limits()

log = logger()


async def record(config: Config, tape: Path, pbx: str) -> None:
    """Write what `pbx` says to a new file until SIGINT or SIGTERM. Raises CallbridgeError when it cannot be written."""
    settings = next(each for each in config.pbx if each.id == pbx)
    link = AmiLink(build.ami_settings(settings.ami, needed=False), SystemClock())
    stop = asyncio.Event()
    with supervision.signals({SIGINT: stop, SIGTERM: stop}), bind(pbx=pbx):
        await supervision.unless(stop, _record(link, tape, pbx))


async def _record(link: AmiLink, tape: Path, pbx: str) -> None:
    try:
        with _saying_why(tape), _made(tape) as file:
            log.info("recording", action=Action.TAPE_RECORDING, path=str(tape))
            async with asyncio.TaskGroup() as group:
                group.create_task(link.run())
                await _write_on(link, tape, file, pbx)
    except* CallbridgeError as group:
        raise group.exceptions[0] from None


async def _write_on(link: AmiLink, tape: Path, file: BinaryIO, pbx: str) -> NoReturn:
    with _saying_why(tape):
        writer = tapes.TapeWriter(file)
        while True:
            for item in await link.take(MOST_AT_ONCE):
                if isinstance(item, Received):
                    writer.write(tapes.Heard(pbx, item.at, item.message))
                elif isinstance(item, LinkDown):
                    log.warning("a hole in the tape", action=Action.TAPE_RECORDING, error=str(item.reason))
            file.flush()


@contextmanager
def _saying_why(tape: Path) -> Iterator[None]:
    """Say in plain words why a tape cannot be made, or not be written on."""
    try:
        yield
    except FileExistsError as error:
        raise CallbridgeError(f"{tape} is there already. Name a file that is not.") from error
    except OSError as error:
        raise CallbridgeError(
            f"{tape} cannot be written: {error.strerror}. Name a file in a folder of yours, with room on its disk."
        ) from error


def _made(tape: Path) -> BinaryIO:
    """Make a new file that its owner alone may read: a tape holds phone numbers and names."""
    return os.fdopen(os.open(tape, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb")


def replay(tape: Path, profiles: Sequence[PbxNumbers], limits: Limits = NO_LIMITS) -> Iterator[bytes]:
    """Yield each event a tape tells as one JSON document; raise TapeDamaged where it ends too early.

    Whatever was going on when the tape ends is left as it was.
    """
    tracker = Tracker(build.profiles(profiles), limits=build.limits(limits))
    raw_pbx = profiles[0].id if profiles else UNNAMED
    heard_from: dict[str, None] = {}
    for heard in tapes.read(tape, raw_pbx):
        if heard.pbx not in heard_from:
            heard_from[heard.pbx] = None
            tracker.board.profiles.setdefault(heard.pbx, build.unknown_profile(heard.pbx))
        for fact in facts_from(heard.pbx, heard.message, heard.at):
            yield from map(render, tracker.apply(fact))
        tracker.take_changes()
    for pbx in heard_from:
        while (at := tracker.next_telling(pbx)) is not None:
            yield from map(render, tracker.apply(TimePassed(pbx, at)))
