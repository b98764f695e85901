"""What stands in a mail: plain text, and headers nobody else can write into.

A caller's name is foreign text, and so is a customer's. Nothing of them becomes a line
of its own, and nothing turns the direction of what stands beside it.
"""

import hashlib
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final
from urllib.parse import quote

from callbridge.calls.call import Party
from callbridge.notice.recipients import Recipient
from callbridge.notice.settings import Letterhead
from callbridge.notice.words import WORDS, Words
from callbridge.ports import Matter

LONGEST: Final = 80
"""Letters of any text that came from outside."""
MOST_RUNG: Final = 10
JOINERS: Final = "\u200c\u200d"
"""They are in names of some scripts, and within some emoji; other format characters may turn text around."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail as it goes over the wire; `sender` and `recipient` are those of the envelope."""

    sender: str
    recipient: str
    body: bytes


def about(matters: Sequence[Matter], to: Recipient, head: Letterhead, key: str, now: datetime) -> Letter:
    """Return the mail about one caller or more. The same `key` gives the same Message-ID: so a repetition is known."""
    words = WORDS[head.language]
    one = f"{words.missed}: {_caller(matters[0], words)}"
    subject = one if len(matters) == 1 else f"{words.several}: {len(matters)}"
    blocks = ["\n".join(_lines(each, head, words)) for each in matters]
    return _letter(to, head, subject, "\n\n".join(blocks), (key, now))


def trial(to: Recipient, head: Letterhead, key: str, now: datetime) -> Letter:
    """Return a mail that is only to see whether it arrives."""
    return _letter(to, head, "callbridge", WORDS[head.language].test, (key, now))


def _letter(to: Recipient, head: Letterhead, subject: str, text: str, made: tuple[str, datetime]) -> Letter:
    key, now = made
    mail = EmailMessage(policy=SMTP)
    mail["From"] = Address(_unencoded(head.name), addr_spec=head.address)
    mail["To"] = Address(_unencoded(to.name or ""), addr_spec=to.address)
    mail["Subject"] = _unencoded(subject)
    mail["Date"] = format_datetime(now.astimezone(UTC))
    mail["Message-ID"] = message_id(to.address, key, head.address)
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday notice is sent back
    # Quoted-printable is ASCII on the wire: no server needs 8BITMIME, or turns a letter into something else.
    mail.set_content(f"{text}\n\n-- \n{WORDS[head.language].footer}\n", charset="utf-8", cte="quoted-printable")
    mail["Content-Language"] = head.language.value
    return Letter(head.address, to.address, mail.as_bytes())


def _unencoded(text: str) -> str:
    """Spoil what looks like an encoded word (RFC 2047).

    EmailMessage decodes those in what it is given, and Python before 3.11.10 and 3.12.5 writes the line ends that
    come out of it: a caller named `=?utf-8?q?Eve=0D=0ABcc:_…?=` would add a header.
    """
    return text.replace("=?", "= ?")


def message_id(recipient: str, key: str, sender: str) -> str:
    """Return the same for the same, and nothing of either in it."""
    seed = f"{recipient}\0{key}".encode()
    return f"<{hashlib.sha256(seed).hexdigest()[:32]}@{sender.rpartition('@')[2]}>"


def _lines(matter: Matter, head: Letterhead, words: Words) -> Iterator[str]:
    zone = head.zones.get(matter.pbx, UTC)

    def time(at: datetime) -> str:
        return f"{at.astimezone(zone):%Y-%m-%d %H:%M %Z}"

    yield f"{words.caller}: {_caller(matter, words)}"
    if matter.customer:
        yield f"{words.customer}: {clean(matter.customer)}"
    yield f"{words.when}: {time(matter.last_at)}"
    if matter.count > 1:
        yield f"{words.tries}: {matter.count} ({words.since}: {time(matter.first_at)})"
    if matter.queue:
        yield f"{words.queue}: {clean(matter.queue)}"
    if matter.rung:
        yield f"{words.rang}: {_several(map(_colleague, matter.rung))}"
    if matter.calling:
        yield f"{words.calling}: {_several(map(clean, matter.calling))}"
    if head.row_url:
        yield head.row_url.replace("{id}", quote(matter.row, safe=""))


def _caller(matter: Matter, words: Words) -> str:
    """The name comes last: where it runs from right to left, nothing stands behind it."""
    number = matter.caller.number or matter.caller.raw
    name = clean(matter.caller.name or "")
    shown = clean(number) if number else words.withheld
    return f"{shown} {name}" if name and name != shown else shown


def _colleague(who: Party) -> str:
    return clean(" ".join(part for part in (who.extension or who.number or who.raw, who.name) if part))


def _several(names: Iterable[str]) -> str:
    shown = list(names)
    more = [f"+{len(shown) - MOST_RUNG}"] if len(shown) > MOST_RUNG else []
    return ", ".join(shown[:MOST_RUNG] + more)


def clean(text: str) -> str:
    """Return foreign text as one short line without anything that cannot be seen."""
    seen = "".join(letter if _shows(letter) else " " for letter in text)
    line = " ".join(seen.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


def _shows(letter: str) -> bool:
    """Controls, halves of surrogate pairs, private letters and line separators do not; nor does what turns text."""
    kind = unicodedata.category(letter)
    return letter in JOINERS or not (kind[0] == "C" or kind in ("Zl", "Zp"))
