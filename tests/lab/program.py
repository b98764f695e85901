"""Which Asterisk the lab runs: the host's own, or a tree unpacked in the cache."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

OLDEST = 18
_MODULES = ("usr/lib/*/asterisk/modules", "usr/lib/asterisk/modules", "usr/lib64/asterisk/modules")
_DATA = ("usr/share/asterisk", "var/lib/asterisk")


class NoAsterisk(Exception):
    """There is no Asterisk to run; the text says what would help."""


@dataclass(frozen=True)
class Program:
    """How to start Asterisk: `command` and what it brings along."""

    command: tuple[str, ...]
    modules: Path
    data: Path


def find_program() -> Program:
    """The host's Asterisk when it is new enough, else the cached tree.

    Raises:
        NoAsterisk: neither is there.
    """
    program = _on_host() or _in_cache(cache_dir() / "asterisk-22")
    if program is None:
        raise NoAsterisk(f"no asterisk >= {OLDEST} on PATH and none in {cache_dir() / 'asterisk-22'}")
    return program


def cache_dir() -> Path:
    if own := os.environ.get("CALLBRIDGE_CACHE"):
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "callbridge"


def _on_host() -> Program | None:
    path = shutil.which("asterisk")
    if path is None or _version(path) < OLDEST:
        return None
    return _program((path,), Path("/"))


def _version(path: str) -> int:
    """0 for a text without a version, as a self-built Asterisk may print."""
    told = subprocess.run([path, "-V"], capture_output=True, text=True, timeout=10, check=False).stdout
    found = re.search(r"Asterisk (?:certified/|certified-)?(\d+)", told)
    return int(found[1]) if found else 0


def _in_cache(tree: Path) -> Program | None:
    """The tree's own loader and libraries run it in place: no chroot, no mount, no root."""
    if not (tree / ".complete").exists():
        return None
    loaders = sorted(tree.glob("usr/lib*/ld-linux-*.so.*")) or sorted(tree.glob("lib*/ld-linux-*.so.*"))
    libraries = sorted(tree.glob("usr/lib/*-linux-gnu*"))
    if not loaders or not libraries:
        return None
    loader = (str(loaders[0]), "--library-path", str(libraries[0]))
    return _program((*loader, str(tree / "usr/sbin/asterisk")), tree)


def _program(command: tuple[str, ...], root: Path) -> Program | None:
    modules = _first(root, _MODULES)
    data = _first(root, _DATA)
    return Program(command, modules, data) if modules and data else None


def _first(root: Path, patterns: tuple[str, ...]) -> Path | None:
    return next((path for pattern in patterns for path in sorted(root.glob(pattern)) if path.is_dir()), None)
