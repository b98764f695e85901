"""How fast: our parser, our whole way, and panoramisk's parse and dispatch, turn by turn on the same bytes."""

import asyncio
import gc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from panoramisk import Manager
from panoramisk.ami_protocol import AMIProtocol

from callbridge.asterisk.ami.dial import READ_BYTES
from callbridge.asterisk.ami.wire import AmiParser
from tests.bench.figures import Figure, Target
from tests.bench.long_tape import LongTape
from tests.bench.whole_way import WholeWay

CALLS: Final = 500
ROUNDS: Final = 9

PARSER: Final = "our parser"
HEADERS: Final = "our parser, every header read"
WHOLE_WAY: Final = "our whole way, committed"
PANORAMISK: Final = "panoramisk, parse and dispatch"


@dataclass(frozen=True, slots=True)
class Tape:
    """The bytes in the pieces in which a socket gives them."""

    pieces: Sequence[bytes]
    calls: int
    events: int


@dataclass(slots=True)
class Turns:
    """Events a second of one contestant, round by round."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


def measure(folder: Path, rounds: int = ROUNDS) -> list[Figure]:
    """`folder` is where databases are made: it must lie on a real disk."""
    tape = _tape()
    turns: dict[str, Turns] = {PARSER: Turns(), HEADERS: Turns(), PANORAMISK: Turns(), WHOLE_WAY: Turns()}
    for _ in range(rounds):
        _turn(turns[PARSER], tape, lambda: _parse(tape))
        _turn(turns[HEADERS], tape, lambda: _parse_all(tape))
        _turn(turns[PANORAMISK], tape, lambda: _panoramisk(tape))
        with asyncio.Runner() as runner, WholeWay(runner, folder) as way:
            _turn(turns[WHOLE_WAY], tape, lambda: way.go(tape.pieces, tape.calls))
    return _figures(turns, tape)


def _tape() -> Tape:
    tape = LongTape()
    data = b"".join(said.raw for said in tape.say(range(1, CALLS + 1)))
    pieces = [data[start : start + READ_BYTES] for start in range(0, len(data), READ_BYTES)]
    return Tape(pieces, CALLS, CALLS * tape.events_a_call)


def _turn(turns: Turns, tape: Tape, work: Callable[[], None]) -> None:
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    turns.wall.append(tape.events / (time.perf_counter() - wall))
    turns.cpu.append(tape.events / (time.process_time() - cpu))


def _parse(tape: Tape) -> None:
    parser = AmiParser()
    _all_there(sum(len(parser.receive(piece)) for piece in tape.pieces), tape)


def _parse_all(tape: Tape) -> None:
    """Our messages read their headers when asked. This asks each for all."""
    parser = AmiParser()
    headers = sum(len(message.headers) for piece in tape.pieces for message in parser.receive(piece))
    assert headers > tape.events


def _panoramisk(tape: Tape) -> None:
    """Its own classes, fed as its transport feeds them, with a callback for everything."""
    heard: list[str] = []
    manager = Manager(encoding="utf8")
    manager.register_event("*", lambda _, event: heard.append(event["Event"]))
    protocol = AMIProtocol()
    protocol.connection_made(None)
    protocol.factory, protocol.encoding = manager, "utf8"
    for piece in tape.pieces:
        protocol.data_received(piece)
    _all_there(len(heard), tape)


def _all_there(count: int, tape: Tape) -> None:
    assert count == tape.events, f"{count} of {tape.events} events"


def _figures(turns: dict[str, Turns], tape: Tape) -> list[Figure]:
    theirs = statistics.median(turns[PANORAMISK].wall)
    told = [Figure(name, statistics.median(each.wall), "events/s", theirs) for name, each in turns.items()]
    calls = told[-1].value * tape.calls / tape.events
    return [
        *told,
        Figure(f"{WHOLE_WAY}, in calls", calls, "calls/s"),
        Figure("parser : panoramisk", _ratio(turns, PARSER), "times", target=Target(2.5)),
        Figure("parser, every header read : panoramisk", _ratio(turns, HEADERS), "times"),
        Figure("whole way : panoramisk", _ratio(turns, WHOLE_WAY), "times", target=Target(1.0)),
        Figure("whole way : panoramisk, CPU time of all threads", _ratio(turns, WHOLE_WAY, cpu=True), "times"),
    ]


def _ratio(turns: dict[str, Turns], name: str, *, cpu: bool = False) -> float:
    """Return how many times as fast as panoramisk: the median of the rounds, for within one the machine is the same."""
    ours, theirs = turns[name], turns[PANORAMISK]
    pairs = zip(ours.cpu, theirs.cpu, strict=True) if cpu else zip(ours.wall, theirs.wall, strict=True)
    return statistics.median(our / their for our, their in pairs)
