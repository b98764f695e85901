"""What ARI's answers say, as our own types: pure, and of what came only what is used."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from callbridge.asterisk.ari import wire
from callbridge.errors import ProtocolError


@dataclass(frozen=True, slots=True)
class StoredRecording:
    """A finished file under astspooldir/recording. `name` has no suffix; `format` is the suffix: wav, gsm."""

    name: str
    format: str


@dataclass(frozen=True, slots=True)
class AsteriskInfo:
    version: str
    started_at: datetime | None
    """A new value means a new PBX: all calls before it are over."""
    reloaded_at: datetime | None


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel that is up now. Names and numbers are empty where Asterisk knows none."""

    id: str
    name: str
    state: str
    caller_name: str
    caller_number: str
    connected_name: str
    connected_number: str
    created_at: datetime | None


def info(answer: object) -> AsteriskInfo:
    told = mapping(answer)
    status = wire.mapping_of(told, "status")
    return AsteriskInfo(
        version=_word(wire.mapping_of(told, "system"), "version"),
        started_at=wire.moment(status.get("startup_time")),
        reloaded_at=wire.moment(status.get("last_reload_time")),
    )


def recording(answer: object) -> StoredRecording:
    told = mapping(answer)
    return StoredRecording(_word(told, "name"), _word(told, "format"))


def channels(answer: object) -> tuple[Channel, ...]:
    """Return the channels in a list of them; an entry without an id is no channel."""
    if not isinstance(answer, list):
        raise ProtocolError(wire.NOT_ARI)
    return tuple(_channel(one) for one in answer if isinstance(one, dict) and _word(one, "id"))


def mapping(answer: object) -> Mapping[str, Any]:
    """Return the JSON object that `answer` is. Raises ProtocolError when it is something else."""
    if not isinstance(answer, dict):
        raise ProtocolError(wire.NOT_ARI)
    return answer


def _channel(told: Mapping[str, Any]) -> Channel:
    caller, connected = wire.mapping_of(told, "caller"), wire.mapping_of(told, "connected")
    return Channel(
        id=_word(told, "id"),
        name=_word(told, "name"),
        state=_word(told, "state"),
        caller_name=_word(caller, "name"),
        caller_number=_word(caller, "number"),
        connected_name=_word(connected, "name"),
        connected_number=_word(connected, "number"),
        created_at=wire.moment(told.get("creationtime")),
    )


def _word(told: Mapping[str, Any], key: str) -> str:
    return wire.text_of(told, key) or ""
