"""The tracker's memory of a call as plain data, so that a new life goes on where the old one stopped.

    memory = remember(tracker, call_id)      # dataclasses of plain values: any JSON writer takes them
    recall(tracker, json_loads(written))     # the other way

A memory of a newer version, or one that cannot be read, is refused with
ValueError: the PBX is then asked instead.
"""

import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from datetime import datetime, timedelta
from enum import Enum
from functools import cache, partial
from itertools import repeat
from typing import Any, Final

from callbridge.calls import arrival, clicks, ending, fetching, limits, queues, recording_files, ringing, transfers
from callbridge.calls.correlation import Bridge, Channel
from callbridge.calls.open_call import OpenCall
from callbridge.calls.switchboard import Switchboard
from callbridge.calls.tracker import Tracker

VERSION: Final = 1
PLAIN: Final = frozenset({str, int, float, bool})

Way = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class CallMemory:
    """One open call with the channels and bridges it lives in."""

    version: int
    call: OpenCall
    channels: tuple[Channel, ...]
    holding: tuple[tuple[str, str], ...]
    """Those of their bridges that hold instead of joining."""
    pbx_started: datetime | None = None
    """When their PBX was started, where it said so: of another start, none of them is left."""
    rooms: tuple[tuple[str, str], ...] = ()
    """Those of their bridges that are conference rooms."""


def remember(tracker: Tracker, call_id: str) -> CallMemory | None:
    """Return what is known of an open call; None when it is over. To be written down before the next fact."""
    board = tracker.board
    work = board.remembered(call_id)
    if work is None:
        return None
    channels = tuple(board.graph.channels[key] for key in sorted(work.alive) if key in board.graph.channels)
    bridges = {each.bridge for each in channels if each.bridge in board.graph.bridges}
    known = sorted(key for key in bridges if key is not None)
    holding = tuple(key for key in known if board.graph.bridges[key].holding)
    rooms = tuple(key for key in known if board.graph.bridges[key].room)
    return CallMemory(VERSION, work, channels, holding, board.started.get(work.call.pbx), rooms)


def recall(tracker: Tracker, written: Mapping[str, Any]) -> OpenCall:
    """Put a call written down earlier back into the tracker. Raises ValueError and changes nothing if it cannot."""
    memory = read(written)
    board, work = tracker.board, memory.call
    for channel in memory.channels:
        board.graph.channels[channel.key] = channel
        if channel.bridge is not None:
            known = Bridge(channel.bridge, channel.bridge in memory.holding, channel.bridge in memory.rooms)
            board.graph.bridges.setdefault(channel.bridge, known).channels.add(channel.key)
    if memory.pbx_started is not None:
        board.started.setdefault(work.call.pbx, memory.pbx_started)
    for leg in work.legs.values():
        board.roster.recall(work.call.pbx, leg.who)
    (board.settling if work.call.over else board.open)[work.call.id] = work
    board.unsettled.update({each.id: work.call.id for each in recording_files.to_look_at(work)})
    board.enquiries.await_answer(work)
    wait_again(board, work)
    return work


def read(written: object) -> CallMemory:
    """Return what was written down. Raises ValueError where it is of another version, garbled or no whole call."""
    version = written.get("version") if isinstance(written, Mapping) else None
    if version != VERSION:
        raise ValueError(f"memory of version {version!r}, this program reads {VERSION}")
    memory: CallMemory = build(CallMemory, written)
    if not memory.call.legs or memory.call.alive != {each.key for each in memory.channels}:
        raise ValueError("memory of a call that has no legs or other channels than its own")
    return memory


def wait_again(board: Switchboard, work: OpenCall) -> None:
    """Hold back again what was held back of the call."""
    if work.untold is not None:
        board.hold_back(work, arrival.withheld_until(board, work, work.untold.started_at), arrival.tell_start)
    if work.wait is not None and work.wait.left_at is not None:
        board.hold_back(work, work.wait.left_at + timedelta(seconds=queues.SETTLE_S), queues.settle)
    if work.empty_since is not None:
        board.hold_back(work, clicks.until(work.empty_since), ending.end_empty)
    if work.ring_held_at is not None:
        board.hold_back(work, work.ring_held_at + timedelta(seconds=ringing.SET_S), ringing.tell_ringing)
    queues.hold_joined(board, work)
    if work.fetch is not None:
        fetching.await_channel(board, work, work.fetch)
    if work.handover is not None:
        transfers.announce(board, work, work.handover)
    passed = limits.too_long(board.limits, work.call)
    if passed is not None:
        board.hold_back(work, passed.at, limits.watch, patient=True)


def plain(value: Any) -> Any:
    """Return `value` in lists, dicts, strings and numbers only; sets are sorted."""
    kind: Any = type(value)
    if value is None or kind in PLAIN:
        return value
    if is_dataclass(value):
        return {name: plain(getattr(value, name)) for name in _parts(kind).ways}
    if isinstance(value, datetime | Enum):
        return value.isoformat() if isinstance(value, datetime) else value.value
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(plain(each) for each in value)
    return [plain(each) for each in value] if isinstance(value, tuple | list) else value


def build(shape: Any, data: Any) -> Any:
    """Return `data` in the shape of a type: the way back from `plain`. Raises ValueError where it does not fit."""
    return _way(shape)(data)


@cache
def _way(shape: Any) -> Way:
    """Return how data becomes that shape. A memory has hundreds of values: what a type is made of is read once."""
    origin, inner = typing.get_origin(shape), typing.get_args(shape)
    if origin in {types.UnionType, typing.Union}:
        return partial(_optional, _way(next(each for each in inner if each is not type(None))))
    if origin is dict:
        return partial(_dict, shape, _way(inner[1]))
    if origin in {tuple, set}:
        return partial(_container, shape, origin, tuple(_way(each) for each in inner if each is not Ellipsis))
    return partial(_dataclass if is_dataclass(shape) else _value, shape)


def _of(kind: Any, data: Any, shape: Any) -> Any:
    """Return `data` if it is of that kind; True and False are no numbers here."""
    if not isinstance(data, kind) or (isinstance(data, bool) and kind is not bool):
        raise ValueError(f"{type(data).__name__} where {shape} belongs")
    return data


def _value(shape: type, data: Any) -> Any:
    if shape is datetime:
        at = datetime.fromisoformat(_of(str, data, shape))
        if at.tzinfo is None:
            raise ValueError("a time without its zone")
        return at
    if issubclass(shape, Enum):
        return shape(data)
    return _of((float, int) if shape is float else shape, data, shape)


def _optional(way: Way, data: Any) -> Any:
    return None if data is None else way(data)


def _dict(shape: Any, way: Way, data: Any) -> Any:
    return {key: way(each) for key, each in _of(Mapping, data, shape).items()}


def _container(shape: Any, origin: Any, ways: tuple[Way, ...], data: Any) -> Any:
    each_its_own = origin is tuple and Ellipsis not in typing.get_args(shape)
    pairs = zip(ways if each_its_own else repeat(ways[0]), _of(list, data, shape), strict=each_its_own)
    return origin(way(each) for way, each in pairs)


def _dataclass(shape: Any, data: Any) -> Any:
    parts, data = _parts(shape), _of(Mapping, data, shape)
    missing = [name for name in parts.needed if name not in data]
    if missing:
        raise ValueError(f"{shape.__name__} without {', '.join(missing)}")
    return shape(**{name: parts.ways[name](data[name]) for name in data if name in parts.ways})


@dataclass(frozen=True, slots=True)
class _Parts:
    """Of a dataclass: how each of its fields is built, and which of them must be there."""

    ways: Mapping[str, Way]
    needed: tuple[str, ...]


@cache
def _parts(shape: Any) -> _Parts:
    hints = typing.get_type_hints(shape)
    needed = tuple(each.name for each in fields(shape) if not _has_default(each))
    return _Parts({each.name: _way(hints[each.name]) for each in fields(shape)}, needed)


def _has_default(each: Field[Any]) -> bool:
    return each.default is not MISSING or each.default_factory is not MISSING
