"""Which Asterisk the lab runs: the host's own, or the tree that set-up keeps in the cache; and the oldest one."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

OLDEST: Final = 18
ROOT: Final = Path("/")
SBIN: Final = "/usr/sbin"
"""Where distributions put it, out of a user's PATH."""

_MODULES: Final = ("usr/lib/*/asterisk/modules", "usr/lib/asterisk/modules", "usr/lib64/asterisk/modules")
_DATA: Final = ("usr/share/asterisk", "var/lib/asterisk")
_BESIDE: Final = ("sipp", "baresip", "setpriv")


class NoAsterisk(Exception):
    """There is no Asterisk to run; the text says what would help."""


@dataclass(frozen=True)
class Program:
    """How to start Asterisk, and what it brings along."""

    command: Path
    modules: Path
    data: Path


def find_program() -> Program:
    """The host's Asterisk when it is new enough, else the cached tree.

    Raises:
        NoAsterisk: neither is there, or the phones are missing.
    """
    if missing := [name for name in _BESIDE if shutil.which(name) is None]:
        raise NoAsterisk(f"live calls need {', '.join(missing)}: `make setup` installs it")
    tree = cache_dir() / "asterisk-22"
    program = _on_host() or _in_cache(tree)
    if program is None:
        raise NoAsterisk(f"live calls need Asterisk {OLDEST} or newer, on PATH or in {tree}: `make setup` fetches it")
    return program


def find_old_program() -> Program:
    """Asterisk 16, from its tree in the cache: the oldest dialect that callbridge reads.

    Raises:
        NoAsterisk: it could not be had when set-up tried; the text says why.
    """
    find_program()  # what it needs beside it
    tree = cache_dir() / "asterisk-16"
    if (program := _in_cache(tree)) is None:
        raise NoAsterisk(f"the oldest dialect needs Asterisk 16 in {tree}: {_why_missing(tree)}")
    return program


def _why_missing(tree: Path) -> str:
    """What set-up wrote down when it could not fetch it."""
    note = tree.with_name(f"{tree.name}.missing")
    return note.read_text().strip() if note.exists() else "`make setup` fetches it"


def cache_dir() -> Path:
    if own := os.environ.get("CALLBRIDGE_CACHE"):
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "callbridge"


def _on_host() -> Program | None:
    path = shutil.which("asterisk", path=f"{os.environ['PATH']}:{SBIN}")
    if path is None or _version(path) < OLDEST:
        return None
    return _program(Path(path), ROOT)


def _version(path: str) -> int:
    """0 for a text without a version, as a self-built Asterisk may print."""
    told = subprocess.run([path, "-V"], capture_output=True, text=True, timeout=10, check=False).stdout
    found = re.search(r"Asterisk (?:certified[/-])?(\d+)", told)
    return int(found[1]) if found else 0


def _in_cache(tree: Path) -> Program | None:
    """Its launcher runs it in place, with its own loader: no chroot, no mount, no root."""
    return _program(tree / "asterisk", tree) if (tree / ".complete").exists() else None


def _program(command: Path, root: Path) -> Program | None:
    modules, data = _first(root, _MODULES), _first(root, _DATA)
    return Program(command, modules, data) if modules and data else None


def _first(root: Path, patterns: Iterable[str]) -> Path | None:
    return next((path for pattern in patterns for path in sorted(root.glob(pattern)) if path.is_dir()), None)
