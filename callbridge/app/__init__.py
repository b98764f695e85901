"""The composition root: alone knows every part; builds, starts and stops them.

`cli` calls what stands here and nothing below it.
"""

from callbridge.app.audit import audit
from callbridge.app.checks import check
from callbridge.app.database import backup, check_database, upgrade
from callbridge.app.dispatching import dispatch
from callbridge.app.life import run
from callbridge.app.notice_check import send_trial
from callbridge.app.tapes import record, replay

__all__ = ["audit", "backup", "check", "check_database", "dispatch", "record", "replay", "run", "send_trial", "upgrade"]
