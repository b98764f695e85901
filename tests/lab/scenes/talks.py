"""How most scenes begin: two people in a call."""

from tests.lab.phones import Phone
from tests.lab.room import Room


async def maria_talks_to_ana(room: Room, number: str = "210000000") -> tuple[Phone, Phone]:
    """Maria, outside, calls; 1001 answers."""
    maria, ana = await room.customer(), await room.phone("1001")
    await maria.dial(number)
    await ana.rings()
    await ana.answer()
    await ana.established()
    await maria.established()
    return maria, ana


async def ana_talks_to_maria(room: Room) -> tuple[Phone, Phone]:
    """1001 calls 912345678; Maria answers."""
    ana, maria = await room.phone("1001"), await room.customer()
    await ana.dial("912345678")
    await maria.rings()
    await maria.answer()
    await maria.established()
    await ana.established()
    return ana, maria


async def hang_up(first: Phone, other: Phone, room: Room, after_s: float = 1.0) -> None:
    """`first` ends their call after a while."""
    await room.talk(after_s)
    await first.hangup()
    await other.closed()
