"""Tapes from raw captures of a real Asterisk: what matters, with a little of everything else.

    python -m tests.lab.record --to /tmp/captures            # calls on a real Asterisk, NAME.ami and NAME.journal
    python -m tests.tapes.make /tmp/captures                 # NAME.tape here
    python -m tests.tapes.make /tmp/captures '13-*'          # … of some of them
    callbridge replay tests/tapes/NAME.tape --pbx-config tests/tapes/pbx.toml > tests/tapes/NAME.events.jsonl

A tape that is about limits has a `NAME.toml` of its own beside it, and is played with that.

Read what was told against the journal of the call before you keep it: the tests
hold callbridge to it for ever after.

Kept is every message that tells a fact, and of all others the first of each
name: a tape is a tenth of its capture, and still holds what must be overheard.
The first line of a tape has the call's story, from its journal.
"""

import json
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

from callbridge.asterisk.ami.message import Message
from callbridge.asterisk.from_ami import facts_from
from callbridge.asterisk.tape import FORMAT, Heard, TapeWriter, read

HERE: Final = Path(__file__).parent
PBX: Final = "main"
UNTIMED: Final = datetime.fromtimestamp(0, UTC)
"""What a capture's greeting and the answer to its log-in have for a time."""


def kept(capture: Iterable[Heard]) -> Iterator[Heard]:
    """Yield what belongs on the tape."""
    known: set[str] = set()
    for heard in capture:
        name = heard.message.event
        if heard.at == UNTIMED or name is None:
            continue
        if facts_from(heard.pbx, heard.message, heard.at) or name not in known:
            yield heard
        known.add(name)


LAB: Final = re.compile(rb"/tmp/callbridge-lab-[^/\s]+/spool/")
SPOOL: Final = b"/var/spool/asterisk/"
"""Where every Asterisk writes that is not of the lab."""


def as_anywhere(heard: Heard) -> Heard:
    """Return what was said, by a PBX that is installed as usual."""
    return replace(heard, message=Message(heard.message.kind, heard.message.name, LAB.sub(SPOOL, heard.message.raw)))


def make(capture: Path, tape: Path) -> None:
    with tape.open("wb") as file:
        writer = TapeWriter(file)
        story = capture.with_suffix(".journal").read_text().splitlines()[0].removeprefix("# ")
        file.seek(0)
        file.write(json.dumps({"tape": FORMAT, "story": story}, ensure_ascii=False).encode() + b"\n")
        for heard in kept(read(capture, PBX)):
            writer.write(as_anywhere(heard))


def main(folder: str, *globs: str) -> None:
    for capture in sorted(Path(folder).glob("*.ami")):
        if any(fnmatch(capture.stem, glob) for glob in globs or ("*",)):
            make(capture, HERE / f"{capture.stem}.tape")


if __name__ == "__main__":
    main(*sys.argv[1:])
