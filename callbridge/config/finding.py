"""What `callbridge check` finds out about one thing."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is; only a problem makes `check` end with 1."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the answer.

    `where` is `file:line` from `Config.where`; `text` says what is so, `advice`
    what to do about it, empty when there is nothing to do. Advice of several lines is to be copied as it stands.
    """

    level: Level
    where: str
    text: str
    advice: str = ""
