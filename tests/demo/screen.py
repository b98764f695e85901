"""What the demo says: what happens at the phones in bold, what the CRM shows below it, the rest dimmed."""

import os
import signal
import sys
from io import TextIOWrapper
from typing import Final

PHONE, DIMMED, ALARM = "1", "2", "1;31"
INDENT: Final = "    "


class Screen:
    """The standard output, in colour where somebody looks at it."""

    def __init__(self) -> None:
        self.coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(errors="replace", line_buffering=True)  # an old terminal knows no ☎

    def phone(self, text: str) -> None:
        """Somebody does something."""
        self._print(f"☎   {text}", PHONE)

    def crm(self, line: str) -> None:
        """The CRM's own line, in its own colours."""
        self._print(f"{INDENT}{line}")

    def note(self, text: str) -> None:
        self._print(text, DIMMED)

    def alarm(self, text: str) -> None:
        self._print(f"demo: {text}", ALARM)

    def blank(self) -> None:
        self._print("")

    def _print(self, text: str, colour: str = "") -> None:
        try:
            print(f"\x1b[{colour}m{text}\x1b[0m" if colour and self.coloured else text)
        except OSError:  # the terminal is closed, or the pipe: nobody looks, so end as if asked to
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            signal.raise_signal(signal.SIGTERM)
