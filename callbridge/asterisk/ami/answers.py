"""Which answer belongs to which action, and which events to which list: no socket, no clock.

An action ends in exactly one `Answered` or `Failed`. It is never sent again:
an Originate that may have dialled must not dial twice.
"""

from dataclasses import dataclass
from typing import Final

from callbridge.asterisk.ami.message import Message
from callbridge.errors import ActionFailed, ActionTimeout, PbxError

MAX_LIST_ITEMS: Final = 50_000  # a Status of 50,000 channels is beyond any one Asterisk
_MAX_REMEMBERED: Final = 256


@dataclass(frozen=True, slots=True)
class Response:
    """What the PBX answered: its first message, and for a list the events of it and the one that closed it."""

    message: Message
    items: tuple[Message, ...] = ()
    complete: Message | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    action_id: str
    response: Response


@dataclass(frozen=True, slots=True)
class Failed:
    action_id: str
    error: PbxError


class _Pending:
    __slots__ = ("action", "as_list", "deadline", "first", "items")

    def __init__(self, action: str, deadline: float, *, as_list: bool) -> None:
        self.action = action
        self.deadline = deadline
        self.as_list = as_list
        self.first: Message | None = None
        self.items: list[Message] = []


class PendingActions:
    """The actions that wait for an answer. How many they may be is the session's to say."""

    def __init__(self) -> None:
        self.late_answers = 0
        self._waiting: dict[str, _Pending] = {}
        self._given_up: dict[str, None] = {}  # ordered, the latest few; what still comes for them is no news

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, action_id: str, action: str, deadline: float, *, as_list: bool) -> None:
        """Wait for an answer until `deadline`. `as_list`: events follow though the answer may not say so."""
        self._waiting[action_id] = _Pending(action, deadline, as_list=as_list)

    def next_deadline(self) -> float | None:
        return min((pending.deadline for pending in self._waiting.values()), default=None)

    def take(self, message: Message) -> Answered | Failed | None:
        """Return what `message` decides. Call it for answers, and for events that `claims` says are ours."""
        action_id = message.action_id or ""
        pending = self._waiting.get(action_id)
        if pending is None:
            self.late_answers += 1
            if _starts_list(message):
                self._remember(action_id)
            return None
        decided = (
            self._list_event(pending, action_id, message) if message.is_event else _answer(pending, action_id, message)
        )
        if decided is not None:
            del self._waiting[action_id]
        if isinstance(decided, Failed) and pending.first is not None:
            self._remember(action_id)
        return decided

    def claims(self, message: Message) -> bool:
        """Tell whether the event `message` is part of a list, and so no news of its own.

        OriginateResponse bears an ActionID and is an event: it comes after its
        action was answered, and its action has no list.
        """
        action_id = message.action_id
        if action_id is None:
            return False
        pending = self._waiting.get(action_id)
        return pending.first is not None if pending else action_id in self._given_up

    def expire(self, now: float) -> list[Failed]:
        late = [action_id for action_id, pending in self._waiting.items() if pending.deadline <= now]
        return [self._give_up(action_id, "got no answer in time") for action_id in late]

    def fail_all(self) -> list[Failed]:
        """The link went: nobody knows whether these happened."""
        return [self._give_up(action_id, "got no answer before the link went") for action_id in list(self._waiting)]

    def _give_up(self, action_id: str, why: str) -> Failed:
        pending = self._waiting.pop(action_id)
        if pending.as_list or pending.first is not None:
            self._remember(action_id)
        return Failed(action_id, ActionTimeout(f"{pending.action} {why}. It may have happened; it is not sent again."))

    def _remember(self, action_id: str) -> None:
        """What still comes of a list that failed shall not pass for news."""
        self._given_up[action_id] = None
        if len(self._given_up) > _MAX_REMEMBERED:
            del self._given_up[next(iter(self._given_up))]

    def _list_event(self, pending: _Pending, action_id: str, message: Message) -> Answered | Failed | None:
        if pending.first is not None and _completes(message):
            return Answered(action_id, Response(pending.first, tuple(pending.items), message))
        if len(pending.items) >= MAX_LIST_ITEMS:
            return Failed(action_id, ActionFailed(f"{pending.action} answers with more than {MAX_LIST_ITEMS} items."))
        pending.items.append(message)
        return None


def _answer(pending: _Pending, action_id: str, message: Message) -> Answered | Failed | None:
    if message.name == "Error":
        return Failed(action_id, ActionFailed(f"The PBX refused {pending.action}: {_reason(message)}"))
    if pending.as_list or _starts_list(message):
        pending.first = message
        return None
    return Answered(action_id, Response(message))


def _starts_list(message: Message) -> bool:
    return message.get("EventList", "").lower() == "start"


def _completes(message: Message) -> bool:
    """Tell the end of a list. In old dialects only the name says so; a list may also end as `cancelled`."""
    told = message.get("EventList")
    return message.name.endswith("Complete") if told is None else told.lower() in {"complete", "cancelled"}


def _reason(message: Message) -> str:
    """Say why in the PBX's own words; a failed Command says it in what it printed."""
    return message.output[0] if message.output else message.get("Message", "it gave no reason.")
