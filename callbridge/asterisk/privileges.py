"""What AMI lets our user hear and ask, and what we need of it.

A question that is refused says so. What may not be heard is just silent: no
answer of AMI tells what a user may read (Login, Events and ListCommands do not).
GetConfig can tell, which needs `system` or `config` in write=; it answers with
the user's secret too, so it is for a wire where nobody listens in.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from callbridge.asterisk.ami.message import Message

FILE: Final = "manager.conf"

HEARD: Final[Mapping[str, str]] = {
    "call": "no call is told at all",
    "agent": "what happens in queues is not told",
    "dialplan": (
        "no recording is told, and why a call left a queue, that it ended in voicemail and why nobody could be called "
        "are told wrong"
    ),
}
"""Each class of events we live on (`read=`), and what is missed without it."""

ASKED: Final[Sequence[str]] = ("CoreStatus", "CoreShowChannels", "ExtensionStateList")
"""What a resync asks that AMI may refuse; `reporting` in `write=` allows them all. QueueStatus needs nothing."""


def question(user: str) -> tuple[tuple[str, str], ...]:
    """Return the headers of the GetConfig that shows our own user."""
    return ("Filename", FILE), ("Category", user)


def unheard(answer: Message) -> tuple[str, ...] | None:
    """Return the classes of HEARD that the user in a GetConfig's answer may not read; None where it does not say."""
    lines = (value.partition("=") for key, value in answer.headers if key.startswith("Line-"))
    granted = [value for name, _, value in lines if name.strip().lower() == "read"]
    if not granted:
        return None
    classes = {word.strip().lower() for word in granted[-1].split(",")}  # the last line is what Asterisk goes by
    return () if "all" in classes else tuple(name for name in HEARD if name not in classes)
