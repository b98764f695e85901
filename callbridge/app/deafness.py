"""Noticing a PBX that has calls and tells us of none.

Asterisk logs a user in whatever its `read=` lacks, and says nothing of it: it
just stays silent. But it counts the calls it has begun (CoreStatus), and that
count needs no right to read events.
"""


class Deafness:
    """Compare again and again what the PBX counts with what was heard of it."""

    def __init__(self) -> None:
        self._calls: int | None = None
        self._heard = 0
        self._suspect = False

    def forget(self) -> None:
        """Begin anew: the link was away, and both counts mean something else now."""
        self._calls, self._suspect = None, False

    def compare(self, calls: int, heard: int) -> bool:
        """Tell whether calls began and nothing was heard, this time and the last: what is said may come a little late.

        `calls` is what the PBX has begun since its start, `heard` how many channels
        we were told of.
        """
        began = self._calls is not None and calls > self._calls
        silent = heard == self._heard
        deaf = self._suspect and silent
        self._suspect = silent and (self._suspect or began)
        self._calls, self._heard = calls, heard
        return deaf
