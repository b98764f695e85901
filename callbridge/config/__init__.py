"""The TOML file, typed; every mistake in it is told at once.

`load` for the daemon, `load_worker` for a worker, `load_either` to check, `load_profiles` and
`load_limits` for a replay, `data_dir_of` for commands that only want to find the running daemon,
`changes` for a reload.
"""

from callbridge.config.difference import Audited, Difference, Span
from callbridge.config.directory import Directory, Lookup
from callbridge.config.finding import Finding, Level
from callbridge.config.load import data_dir_of, load, load_either, load_limits, load_profiles, load_worker
from callbridge.config.models import (
    Ami,
    Ari,
    Cel,
    Config,
    Database,
    Delivery,
    Dispatch,
    Http,
    Limits,
    Log,
    Missed,
    Pbx,
    PbxNumbers,
    Stream,
    Webhook,
)
from callbridge.config.notice import Notice, NoticeTo, email_address
from callbridge.config.reload import LIMITS_OF_HTTP, OF_DIRECTORY, changes
from callbridge.config.secret import Secret
from callbridge.config.words import CONTROL_SOCKET, event_glob

__all__ = [
    "CONTROL_SOCKET",
    "LIMITS_OF_HTTP",
    "OF_DIRECTORY",
    "Ami",
    "Ari",
    "Audited",
    "Cel",
    "Config",
    "Database",
    "Delivery",
    "Difference",
    "Directory",
    "Dispatch",
    "Finding",
    "Http",
    "Level",
    "Limits",
    "Log",
    "Lookup",
    "Missed",
    "Notice",
    "NoticeTo",
    "Pbx",
    "PbxNumbers",
    "Secret",
    "Span",
    "Stream",
    "Webhook",
    "changes",
    "data_dir_of",
    "email_address",
    "event_glob",
    "load",
    "load_either",
    "load_limits",
    "load_profiles",
    "load_worker",
]
