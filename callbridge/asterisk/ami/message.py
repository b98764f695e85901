"""One AMI message, read when somebody asks.

Most events are looked at by name and put aside, and of the others four headers of
twenty are asked for. So a message keeps its bytes, and looks for a header when
somebody asks: 3 µs a message on the wire, and half of one for each question, where
reading all headers takes 8. A message in a queue is one bytes object, not fifty strings.
"""

from functools import lru_cache
from typing import Final, overload

Headers = tuple[tuple[str, str], ...]

KINDS: Final = frozenset({"Event", "Response", "Action"})


class Message:
    r"""One event, answer or action as it stood on the wire. Never changes.

    `kind` is Event, Response or Action, whichever header comes first:
    OriginateResponse is an event with a ``Response:`` header. `name` is that
    header's value. `raw` is the message without the blank line that ends it:
    ``raw + b"\r\n\r\n"`` reads back to an equal message.
    """

    __slots__ = ("_headers", "_kind", "_name", "_raw")

    def __init__(self, kind: str, name: str, raw: bytes, headers: Headers | None = None) -> None:
        """Leave `headers` out when every line of `raw` is ``Key: value``, between CR LF."""
        self._kind = kind
        self._name = name
        self._raw = raw
        self._headers = headers

    @classmethod
    def of(cls, *headers: tuple[str, str]) -> "Message":
        """Make a message without a wire, as tests do; the first header is its kind and name."""
        raw = "\r\n".join(f"{key}: {value}" for key, value in headers).encode()
        return cls(*headers[0], raw, headers)

    @property
    def kind(self) -> str:
        return self._kind

    @property
    def name(self) -> str:
        return self._name

    @property
    def raw(self) -> bytes:
        return self._raw

    @property
    def is_event(self) -> bool:
        return self._kind == "Event"

    @property
    def event(self) -> str | None:
        """The event's name; None for an answer."""
        return self._name if self._kind == "Event" else None

    @property
    def action_id(self) -> str | None:
        return self.get("ActionID")

    @property
    def output(self) -> tuple[str, ...]:
        """What a command printed, line by line."""
        return self.all("Output")

    @property
    def headers(self) -> Headers:
        """Every header in the order of the wire."""
        if self._headers is None:
            lines = self._raw.decode(errors="replace").split("\r\n")
            self._headers = tuple((key, value) for key, _, value in (line.partition(": ") for line in lines))
        return self._headers

    @overload
    def get(self, key: str) -> str | None: ...
    @overload
    def get(self, key: str, default: str) -> str: ...
    def get(self, key: str, default: str | None = None) -> str | None:
        """Return the first header called `key`, in any case: `UniqueID` finds `Uniqueid`."""
        value = self._found(key) if self._headers is None and key.isascii() else self._first_of(key)
        return default if value is None else value

    def all(self, key: str) -> tuple[str, ...]:
        """Return every header called `key`, in any case; as many as there are, none included."""
        folded = key.lower()
        return tuple(value for name, value in self.headers if name.lower() == folded)

    def __getitem__(self, key: str) -> str:
        value = self.get(key)
        if value is None:
            raise KeyError(key)
        return value

    def __contains__(self, key: str) -> bool:
        return self.get(key) is not None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Message) and self.headers == other.headers

    def __hash__(self) -> int:
        return hash(self.headers)

    def __repr__(self) -> str:
        """Name the message only: values are people's numbers, or secrets."""
        return f"<{self._kind} {self._name}>"

    def _found(self, key: str) -> str | None:
        """Return the first header called `key`, looked for in the bytes; as it is spelt first, then in any case."""
        if key == self._kind:
            return self._name
        mark = _mark(key)
        place = self._raw.find(mark)
        if place < 0 and key.lower() == self._kind.lower():
            return self._name  # the first line has no line end before it
        if place < 0 and (place := self._raw.lower().find(mark.lower())) < 0:
            return None
        begin = place + len(mark)
        end = self._raw.find(b"\r\n", begin)
        return (self._raw[begin:] if end < 0 else self._raw[begin:end]).decode("utf-8", "replace")

    def _first_of(self, key: str) -> str | None:
        """Return the same, looked for among the headers."""
        spelt = next((value for name, value in self.headers if name == key), None)
        return next(iter(self.all(key)), None) if spelt is None else spelt


@lru_cache(256)
def _mark(key: str) -> bytes:
    return f"\r\n{key}: ".encode()
