"""The tracker's memory of a call as plain data, so that a new life goes on where the old one stopped.

    memory = remember(tracker, call_id)      # dataclasses of plain values: any JSON writer takes them
    recall(tracker, json_loads(written))     # the other way

A memory of a newer version, or one that cannot be read, is refused with
ValueError: the PBX is then asked instead.
"""

import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final

from callbridge.calls.correlation import Bridge, Channel
from callbridge.calls.open_call import OpenCall
from callbridge.calls.tracker import Tracker

VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class CallMemory:
    """One open call with the channels and bridges it lives in."""

    version: int
    call: OpenCall
    channels: tuple[Channel, ...]
    holding: tuple[tuple[str, str], ...]
    """Those of their bridges that hold instead of joining."""


def remember(tracker: Tracker, call_id: str) -> CallMemory | None:
    """Return what is known of an open call; None when it is over. To be written down before the next fact."""
    board = tracker.board
    work = board.open.get(call_id)
    if work is None:
        return None
    channels = tuple(board.graph.channels[key] for key in sorted(work.alive) if key in board.graph.channels)
    bridges = {each.bridge for each in channels if each.bridge in board.graph.bridges}
    holding = tuple(sorted(key for key in bridges if key is not None and board.graph.bridges[key].holding))
    return CallMemory(VERSION, work, channels, holding)


def recall(tracker: Tracker, written: Mapping[str, Any]) -> OpenCall:
    """Put a call written down earlier back into the tracker."""
    if written.get("version") != VERSION:
        raise ValueError(f"memory of version {written.get('version')!r}, this program reads {VERSION}")
    memory: CallMemory = build(CallMemory, written)
    board = tracker.board
    holding = frozenset(memory.holding)
    for channel in memory.channels:
        board.graph.channels[channel.key] = channel
        if channel.bridge is not None:
            bridge = board.graph.bridges.setdefault(channel.bridge, Bridge(channel.bridge, channel.bridge in holding))
            bridge.channels.add(channel.key)
    board.open[memory.call.call.id] = memory.call
    return memory.call


def plain(value: Any) -> Any:
    """Return `value` in lists, dicts, strings and numbers only; sets are sorted."""
    if is_dataclass(value):
        return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(plain(each) for each in value)
    return [plain(each) for each in value] if isinstance(value, tuple | list) else value


def build(shape: Any, data: Any) -> Any:
    """Return `data` in the shape of a type: the way back from `plain`. Raises ValueError where it does not fit."""
    origin = typing.get_origin(shape)
    if origin in {types.UnionType, typing.Union}:
        return _optional(shape, data)
    if origin in {tuple, set, dict}:
        return _container(origin, typing.get_args(shape), data)
    if is_dataclass(shape):
        return _dataclass(shape, data)
    return _value(shape, data)


def _value(shape: type, data: Any) -> Any:
    if shape is datetime:
        return datetime.fromisoformat(data)
    if issubclass(shape, Enum):
        return shape(data)
    if not isinstance(data, (float, int) if shape is float else shape):
        raise ValueError(f"{type(data).__name__} where {shape.__name__} belongs")  # noqa: TRY004 - bad data, not a bug
    return data


def _optional(shape: Any, data: Any) -> Any:
    inner = next(each for each in typing.get_args(shape) if each is not type(None))
    return None if data is None else build(inner, data)


def _container(origin: Any, inner: tuple[Any, ...], data: Any) -> Any:
    if origin is dict:
        return {key: build(inner[1], each) for key, each in data.items()}
    if origin is tuple and Ellipsis not in inner:
        return tuple(build(kind, each) for kind, each in zip(inner, data, strict=True))
    return origin(build(inner[0], each) for each in data)


def _dataclass(shape: Any, data: Any) -> Any:
    hints = _hints(shape)
    if not isinstance(data, Mapping):
        raise ValueError(f"{type(data).__name__} where {shape.__name__} belongs")  # noqa: TRY004 - bad data, not a bug
    return shape(**{name: build(hints[name], data[name]) for name in data if name in hints})


_HINTS: dict[Any, dict[str, Any]] = {}


def _hints(shape: Any) -> dict[str, Any]:
    if shape not in _HINTS:
        _HINTS[shape] = typing.get_type_hints(shape)
    return _HINTS[shape]
