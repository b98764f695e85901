"""A PBX made of tapes with many calls at once, which knows its own channels: who comes late may ask for them."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import cycle, islice
from pathlib import Path
from typing import Final

from callbridge.asterisk.ami.message import Message
from callbridge.asterisk.ami.wire import AmiParser
from callbridge.clock import SystemClock
from tests.lab.ami_player import AmiPlayer, Headers, Session, Tape

FOLDER: Final = Path(__file__).parents[1] / "tapes"
TAPES: Final = (
    "01-answered-caller-hangs-up",
    "02-caller-gives-up",
    "06-queue-ringall-second-answers",
    "11-outbound-answered",
)
MOST_CALLS: Final = 100_000
"""A bound for a load that nobody ends."""


class BusyPbx(AmiPlayer):
    """`async with BusyPbx() as pbx:`, then `work` as a task, and `rest` to let what goes on come to its end."""

    def __init__(self, tapes: Iterable[str] = TAPES, *, pace: float = 1.0) -> None:
        super().__init__([FOLDER / f"{name}.tape" for name in tapes], pace=pace)
        self.channels: dict[str, Headers] = {}
        """What CoreShowChannels says of each, by its Uniqueid."""
        self.calls = 0
        self.began = SystemClock().now()
        self.frozen = False
        self._lives = 0
        self._resting = asyncio.Event()

    async def work(self, every_s: float) -> None:
        """Begin calls until `rest`; return when they are all over."""
        async with asyncio.TaskGroup() as group:
            for tape in islice(cycle(self.tapes), MOST_CALLS):
                group.create_task(self.play(tape))
                self.calls += 1
                try:
                    await asyncio.wait_for(self._resting.wait(), every_s)
                except TimeoutError:
                    continue
                return

    def rest(self) -> None:
        self._resting.set()

    def freeze(self) -> None:
        """Say nothing more and answer nothing, with every connection open: as behind a cut cable."""
        self.frozen = True

    def dies(self) -> None:
        """Drop every connection and every call, and be another PBX from now on."""
        for session in tuple(self._sessions):
            session._writer.transport.abort()
        self.forget()
        self.began = SystemClock().now() + timedelta(seconds=1)  # AMI tells it in whole seconds

    def forget(self) -> None:
        """Have no call any more; what goes on is never said."""
        self.channels.clear()
        self._lives += 1

    async def play(self, tape: Tape) -> None:
        life = self._lives
        loop = asyncio.get_running_loop()
        begins = loop.time()
        for line in tape.again(self._clock.now(), next(self._numbers), self.pace):
            await asyncio.sleep(begins + line.after_s - loop.time())
            if self._lives != life:
                return
            await self.say(line.raw)

    async def say(self, event: bytes) -> None:
        for message in AmiParser().receive(event):
            self._note(message)
        if not self.frozen:
            await super().say(event)

    def _note(self, told: Message) -> None:
        uniqueid = told.get("Uniqueid", "")
        if told.name == "Newchannel":
            application = "AppDial" if uniqueid != told["Linkedid"] else ""
            self.channels[uniqueid] = {"Application": application, "since": told.get("Timestamp", "")}
        if (known := self.channels.get(uniqueid)) is None:
            return
        known.update((key, told[key]) for key in SHOWN if key in told)
        match told.name:
            case "BridgeEnter":
                known["BridgeId"] = told["BridgeUniqueid"]
            case "BridgeLeave":
                known["BridgeId"] = ""
            case "Hangup":
                del self.channels[uniqueid]

    def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Session:
        return Truthful(reader, writer, self._sessions, self)


@contextmanager
def working(pbx: BusyPbx, every_s: float) -> Iterator[asyncio.Task[None]]:
    """Have calls begin; the task is done once `rest` was said and all are over."""
    load = asyncio.create_task(pbx.work(every_s))
    try:
        yield load
    finally:
        load.cancel()


SHOWN: Final = ("Channel", "ChannelStateDesc", "CallerIDNum", "CallerIDName", "Exten", "Linkedid", "Application")


class Truthful(Session):
    """Tells which channels there are. Of queues it knows nothing."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, listeners: set[Session], pbx: BusyPbx
    ) -> None:
        super().__init__(reader, writer, listeners, pbx.began)
        self._pbx = pbx

    async def _answer(self, asked: Headers) -> None:
        if self._pbx.frozen:
            return
        if asked.get("Action") != "CoreShowChannels":
            await super()._answer(asked)
            return
        action_id = asked.get("ActionID", "")
        self._send({"Response": "Success", "EventList": "start"}, action_id)
        for shown in self._shown(SystemClock().now()):
            self._send(shown, action_id)
        self._send({"Event": "CoreShowChannelsComplete", "EventList": "Complete"}, action_id)

    def _shown(self, now: datetime) -> Iterator[Headers]:
        for uniqueid, known in self._pbx.channels.items():
            age = int(max(0.0, now.timestamp() - float(known["since"] or now.timestamp())))
            lasted = f"{age // 3600:02}:{age // 60 % 60:02}:{age % 60:02}"
            told = {key: value for key, value in known.items() if key != "since"}
            yield {"Event": "CoreShowChannel", "Uniqueid": uniqueid, "Duration": lasted, **told}
