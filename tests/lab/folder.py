"""A folder that goes when whoever made it goes, however that dies."""

import contextlib
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

REMOVED_WITHIN_S: Final = 30

REMOVER: Final = """
trap '' INT TERM HUP
read -r _
tries=0
until rm -rf -- "$1" 2>/dev/null || [ $tries -ge 50 ]; do tries=$((tries + 1)); sleep 0.1; done
"""
"""Waits for the other end of its standard input to close, which `kill -9` does too. What still writes
into the folder then is about to be killed, so it tries again."""


@contextlib.contextmanager
def passing_folder(prefix: str) -> Iterator[Path]:
    """Yield a new temporary folder whose name begins with `prefix`."""
    home = tempfile.mkdtemp(prefix=prefix)
    command = ("sh", "-c", REMOVER, "remove", home)
    with subprocess.Popen(command, stdin=subprocess.PIPE, cwd="/", process_group=0) as remover:
        try:
            yield Path(home)
        finally:
            remover.communicate(timeout=REMOVED_WITHIN_S)
