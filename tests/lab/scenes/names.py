"""Callers with odd names. Each calls 210000000; 1001 answers; 1 s; 1001 hangs up."""

from typing import Final

from tests.lab.room import Room
from tests.lab.scenes import SCENES, Scene

ANONYMOUS: Final = '"Anonymous" <sip:anonymous@anonymous.invalid>'
PRIVATE: Final = "Privacy: id"

CALLERS: Final = {
    "25-name-non-latin": '"Łukasz Żółć Иван 山田" <sip:912345678@lab.invalid>',
    "25-name-quotes": r'"Ana \"Nini\" O\'Neil" <sip:912345678@lab.invalid>'.replace(r"\'", "'"),
    "25-name-angle-brackets": '"Silva <b>Lda</b> & Filhos; 100%" <sip:912345678@lab.invalid>',
    "25-name-backslash": r'"C:\\temp" <sip:912345678@lab.invalid>',
    "25-name-80-letters": f'"{"Silva " * 13}Ab" <sip:912345678@lab.invalid>',
    "25-name-80-cyrillic": f'"{"Иван " * 16}" <sip:912345678@lab.invalid>',
    "25-name-empty": '"" <sip:912345678@lab.invalid>',
    "25-name-none": "<sip:912345678@lab.invalid>",
    "25-anonymous": ANONYMOUS,
}
"""The whole From header of each."""


def _calls_as(caller: str) -> Scene:
    async def play(room: Room) -> None:
        odd = await room.odd_caller(caller, more=PRIVATE if caller == ANONYMOUS else "")
        ana = await room.phone("1001")
        await odd.dial("210000000")
        await ana.rings()
        await ana.answer()
        await ana.established()
        await room.talk(1)
        await ana.hangup()
        await odd.closed()

    play.__doc__ = f"A caller with `From: {caller}`; 1001 answers; 1 s; 1001 hangs up."
    return play


SCENES.update({name: _calls_as(caller) for name, caller in CALLERS.items()})
