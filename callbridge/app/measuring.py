"""Looking at the files of recordings that are over, and saying what is there as facts.

Which files are awaited the tracker knows, after a restart too; so nothing is remembered here but what
is being looked at.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final

from callbridge.app import supervision
from callbridge.asterisk import recording_file
from callbridge.asterisk.recording_file import Look
from callbridge.calls.facts import Fact, RecordingGoesOn, RecordingMeasured, RecordingMissing
from callbridge.calls.recording_files import AwaitedFile
from callbridge.calls.tracker import Tracker
from callbridge.errors import RecordingUnreadable
from callbridge.logs import Action, logger

STEADY_S: Final = 0.25
"""A file that is the same after so long is written to its end: Asterisk closes it some milliseconds after its call."""
STEADY_WITHIN_S: Final = 10.0
SHORT_S: Final = 0.3
CLOSED_WITHIN_S: Final = 0.5
"""How soon after its end a file is closed: what it grows by then is the rest of it."""
SHOWS_WITHIN_S: Final = 25.0
"""How long it may take until a file that goes on grows: 32 KB are 20 s of gsm, 4 s of alaw, 2 s of wav."""
APPEARS_WITHIN_S: Final = 1.0
"""How long a file may be missing: a recording that ends as it begins has none yet."""
LOOK_S: Final = 10.0
"""For one look: a folder that hangs (NFS) must not be waited for."""
AT_ONCE: Final = 4
AGAIN_S: Final = 5.0
"""How often we ask what is awaited when nothing tells us to."""

log = logger()


class Measuring:
    """`run` until cancelled; `wake` whenever something was committed."""

    def __init__(
        self,
        tracker: Tracker,
        folders: Mapping[str, Path],
        offer: Callable[[Sequence[Fact]], Awaitable[None]],
        clock_of: Callable[[str], datetime],
    ) -> None:
        """`folders` are the recordings of each PBX; `clock_of` tells what its clock shows."""
        self._tracker = tracker
        self._folders = folders
        self._offer = offer
        self._clock_of = clock_of
        self._news = asyncio.Event()
        self._places = asyncio.Semaphore(AT_ONCE)
        self._looking: set[str] = set()

    def wake(self) -> None:
        """Look whether there is something to look at."""
        if self._tracker.awaits_files:
            self._news.set()

    async def run(self) -> None:
        """Answer for every file that is awaited."""
        self._looking.clear()
        async with asyncio.TaskGroup() as group:
            while True:
                for recording, file in self._tracker.awaited().items():
                    if recording not in self._looking:
                        self._looking.add(recording)
                        group.create_task(self._answer(recording, file), name=f"measure {recording}")
                await supervision.woken(self._news, AGAIN_S)

    async def _answer(self, recording: str, file: AwaitedFile) -> None:
        try:
            async with self._places:
                found = await self._found(recording, file)
            await self._offer((found,))
        finally:
            self._looking.discard(recording)

    async def _found(self, recording: str, file: AwaitedFile) -> Fact:
        """Return what is to be said of a file."""
        try:
            instead = await self._over_instead(recording, file)
            if instead is not None or not (file.over or await self._is_closed(file)):
                return RecordingGoesOn(file.pbx, self._clock_of(file.pbx), recording, instead)
            found = await self._steady(self._folders[file.pbx], file)
        except RecordingUnreadable as error:
            if not file.over:
                return RecordingGoesOn(file.pbx, self._clock_of(file.pbx), recording)
            log.warning(str(error), action=Action.RECORDING_UNREADABLE, pbx=file.pbx, recording=recording)
            return RecordingMissing(file.pbx, self._clock_of(file.pbx), recording, error.why)
        return RecordingMeasured(file.pbx, self._clock_of(file.pbx), recording, found.length_s, found.size)

    async def _is_closed(self, file: AwaitedFile) -> bool:
        return (await self._look(self._folders[file.pbx], file.file)).closed is True

    async def _over_instead(self, recording: str, file: AwaitedFile) -> str | None:
        """Return which other recording is over, where one of several is; None where it is this, or does not show."""
        if not file.rivals:
            return None
        files = {recording: file.file, **file.rivals}
        await asyncio.sleep(CLOSED_WITHIN_S)
        before = await self._look_at_all(self._folders[file.pbx], files)
        for _ in range(round(SHOWS_WITHIN_S / STEADY_S)):
            over = recording_file.may_be_over(before, await self._look_at_all(self._folders[file.pbx], files))
            if len(over) <= 1:
                return next((each for each in over if each != recording), None)
            await asyncio.sleep(STEADY_S)
        return None

    async def _look_at_all(self, folder: Path, files: Mapping[str, str]) -> dict[str, Look]:
        """Return each of some files as it is, those that cannot be read left out."""
        found = {}
        for name, file in files.items():
            with suppress(RecordingUnreadable):
                found[name] = await self._look(folder, file)
        return found

    async def _steady(self, folder: Path, file: AwaitedFile) -> Look:
        """Return what is in a file once nobody writes to it, or after a time anyway. Raises RecordingUnreadable."""
        before = await self._first_look(folder, file.file)
        for _ in range(round(STEADY_WITHIN_S / STEADY_S)):
            await asyncio.sleep(STEADY_S)
            now = await self._look(folder, file.file)
            if now == before and not is_short(now, file.expected_s):
                break
            before = now
        return before

    async def _first_look(self, folder: Path, file: str) -> Look:
        for _ in range(round(APPEARS_WITHIN_S / STEADY_S)):
            try:
                return await self._look(folder, file)
            except RecordingUnreadable as error:
                if error.why != "missing":
                    raise
            await asyncio.sleep(STEADY_S)
        return await self._look(folder, file)

    async def _look(self, folder: Path, file: str) -> Look:
        try:
            async with asyncio.timeout(LOOK_S):
                return await asyncio.to_thread(recording_file.look, folder, file)
        except TimeoutError:
            raise RecordingUnreadable(f"{folder} does not answer within {LOOK_S:.0f} s", "timeout") from None


def is_short(found: Look, expected_s: float | None) -> bool:
    """Tell whether a file may not be written to its end: Asterisk keeps up to 32 KB back until it closes it."""
    return found.length_s is not None and expected_s is not None and found.length_s < expected_s - SHORT_S
