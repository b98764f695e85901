"""Where all the demo makes is kept: it goes when the demo goes, however it dies."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.lab.folder import passing_folder


@contextlib.contextmanager
def own_folder() -> Iterator[Path]:
    """Yield a folder in which all temporary files and folders of this process are made."""
    former = tempfile.gettempdir()
    with passing_folder("callbridge-demo-") as home:
        tempfile.tempdir = os.environ["TMPDIR"] = str(home)
        try:
            yield home
        finally:
            tempfile.tempdir = os.environ["TMPDIR"] = former
