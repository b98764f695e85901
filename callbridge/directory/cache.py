"""Answers that are good for a while: pure, the time comes from outside."""

from collections.abc import Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Cache(Generic[Key, Value]):
    """Keeps `size` answers at most; past it the oldest goes first."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept: dict[Key, tuple[Value, float]] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Key, now: float) -> Value | None:
        """Return what is kept, while it is good."""
        found = self._kept.get(key)
        if found is None:
            return None
        value, until = found
        if now < until:
            return value
        del self._kept[key]
        return None

    def put(self, key: Key, value: Value, until: float) -> None:
        """Keep a value until a time."""
        self._kept.pop(key, None)
        while len(self._kept) >= self._size:
            del self._kept[next(iter(self._kept))]
        self._kept[key] = value, until

    def forget(self, key: Key) -> None:
        self._kept.pop(key, None)

    def clear(self) -> None:
        self._kept.clear()
