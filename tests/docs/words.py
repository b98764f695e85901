"""What the code's words mean to a reader; a word that lacks its meaning here breaks the drawing."""

from collections.abc import Mapping
from typing import Final

from callbridge.calls.call import Reason

CAUSE_NAMES: Final[Mapping[int, str]] = {
    1: "unallocated number",
    2: "no route to transit network",
    3: "no route to destination",
    17: "user busy",
    18: "no user responding",
    19: "no answer (user alerted)",
    20: "subscriber absent",
    21: "call rejected",
    22: "number changed",
    23: "redirected to a new destination",
    27: "destination out of order",
    28: "invalid number format",
    34: "no circuit available",
    38: "network out of order",
    41: "temporary failure",
    42: "switching equipment congestion",
    44: "requested circuit not available",
    58: "bearer capability not available now",
}
"""ITU-T Q.850's own names."""

REASONS: Final[Mapping[Reason, str]] = {
    Reason.ABANDONED: "the caller hung up while waiting in a queue",
    Reason.TIMEOUT: "it rang, or waited in the queue, as long as the dialplan lets it",
    Reason.QUEUE_EMPTY: "the queue had no member who could take it, at the door or later",
    Reason.QUEUE_FULL: "the queue was full",
    Reason.QUEUE_KEY: "the caller left the queue by a key (told also where the PBX says nothing at all)",
    Reason.FORWARDED: "whoever was called had it sent on (SIP 302), and nobody could be found there: a loop, for one",
    Reason.TRANSFERRED: "somebody took the caller out of the queue",
    Reason.REJECTED: "the person called refused (SIP 603)",
    Reason.BUSY: "the person called was busy (SIP 486, also from a phone that had rung)",
    Reason.UNAVAILABLE: "the phone was not there: not registered, unreachable, or silent when called",
    Reason.UNALLOCATED: "there is no such number",
    Reason.CONGESTION: "the network or the carrier had no room, or failed",
    Reason.VOICEMAIL: "the caller was asked to leave a message",
    Reason.IVR: "nobody was called: it ended in a menu or an announcement",
    Reason.INTERRUPTED: "the PBX or the link to it went away under the call, and nobody knows how it ended",
}
