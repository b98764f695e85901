"""The data folder: there, ours to write, and free for our sockets. Never made here.

Rejected: making it when it is missing. Where a disk is not mounted, calls would
be written below its mount point, and vanish from sight when it comes back.
"""

import os
import pwd
from pathlib import Path

from callbridge.errors import CallbridgeError


def require(folder: Path) -> None:
    """Raise CallbridgeError, with what to do, unless files can be made in `folder`."""
    user = _user()
    try:
        there = folder.exists()
    except PermissionError:
        raise CallbridgeError(f"{user} may not look into {folder.parent}. Let it: chmod o+x {folder.parent}") from None
    if not there:
        raise CallbridgeError(
            f"There is no data folder {folder}. Make it: install -d -m 0750 -o {user} {folder} "
            "(under systemd, StateDirectory= does), or mount its disk."
        )
    if not folder.is_dir():
        raise CallbridgeError(f"{folder} is no folder. Name one with data_dir.")
    if not os.access(folder, os.W_OK | os.X_OK, effective_ids=True):
        raise CallbridgeError(
            f"The data folder {folder} cannot be written by {user}. Give it to the user callbridge runs as: "
            f"chown -R {user} {folder}"
        )


def _user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:  # a container may run us under a number nobody has a name for
        return str(os.geteuid())
