"""Record what a real Asterisk says of each scene: `python -m tests.lab.record --to FOLDER [NAME ...]`.

Each scene gets a fresh Asterisk, so a recording never depends on the one before.
Beside `NAME.ami`, the bytes, stands `NAME.journal`: what the phones did and noticed, and when.
`--on asterisk16` records `NAME.asterisk16.ami`, of Asterisk 16, and so on: see `PBXS`.
"""

import argparse
import asyncio
import fnmatch
import importlib
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.lab.asterisk import Asterisk
from tests.lab.program import find_old_program
from tests.lab.room import Room
from tests.lab.scenes import SCENES

__all__ = ["SCENES", "record"]

PBXS: Final[dict[str, Callable[[], Asterisk]]] = {
    "": Asterisk,
    "asterisk16": lambda: Asterisk(find_old_program()),
    "chan-sip": lambda: Asterisk(find_old_program(), technology="SIP"),
}
"""What a scene is recorded on, by what its name gets behind it: so it sorts behind the same scene on Asterisk 22."""

_NOUNS = (
    "alone",
    "awkward",
    "clicks",
    "conferences",
    "consultations",
    "feature_codes",
    "forwards",
    "groups",
    "holds",
    "inbound",
    "long",
    "names",
    "outbound",
    "queued_transfers",
    "parking",
    "pickups",
    "queues",
    "recordings",
    "transfers",
)
for _noun in _NOUNS:
    importlib.import_module(f"tests.lab.scenes.{_noun}")


async def record(name: str, folder: Path, on: str = "") -> None:
    file = folder / (f"{name}.{on}" if on else name)
    async with PBXS[on]() as pbx, pbx.tap(file.with_name(f"{file.name}.ami")) as tap, Room(pbx) as room:
        try:
            await SCENES[name](room)
            await tap.quiet()
        finally:
            journal = [f"# {inspect.getdoc(SCENES[name])}", *room.journal]
            file.with_name(f"{file.name}.journal").write_text("\n".join(journal) + "\n")


async def record_all(patterns: list[str], folder: Path, on: str) -> list[str]:
    """Return the names of those that failed."""
    failed = []
    for name in sorted(SCENES):
        if any(fnmatch.fnmatch(name, pattern) for pattern in patterns):
            try:
                await record(name, folder, on)
                print(f"ok     {name}")
            except Exception as error:  # noqa: BLE001 - the next scene may do better
                print(f"FAILED {name}: {error!r}")
                failed.append(name)
    return failed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=["*"])
    parser.add_argument("--to", type=Path, required=True)
    parser.add_argument("--on", choices=PBXS, default="")
    given = parser.parse_args()
    given.to.mkdir(parents=True, exist_ok=True)
    if failed := asyncio.run(record_all(given.names, given.to, given.on)):
        raise SystemExit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
