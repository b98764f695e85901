"""From outside to one phone."""

from tests.lab.room import Room
from tests.lab.scenes import scene


@scene("01-answered-caller-hangs-up")
async def answered_caller_hangs_up(room: Room) -> None:
    """Maria calls 210000000; 1001 rings 1 s, answers; they talk 1 s; Maria (the caller) hangs up."""
    maria, ana = await room.customer(), await room.phone("1001")
    await maria.dial("210000000")
    await ana.rings()
    await room.talk(1)
    await ana.answer()
    await maria.established()
    await room.talk(1)
    await maria.hangup()
    await ana.closed()


@scene("01-answered-callee-hangs-up")
async def answered_callee_hangs_up(room: Room) -> None:
    """Maria calls +351210000000; 1001 answers; they talk 1 s; 1001 (the callee) hangs up."""
    maria, ana = await room.customer(), await room.phone("1001")
    await maria.dial("+351210000000")
    await ana.rings()
    await ana.answer()
    await maria.established()
    await room.talk(1)
    await ana.hangup()
    await maria.closed()


@scene("02-caller-gives-up")
async def caller_gives_up(room: Room) -> None:
    """Maria calls 210000000; 1001 rings 1 s; Maria hangs up before an answer."""
    maria, ana = await room.customer(), await room.phone("1001")
    await maria.dial("210000000")
    await ana.rings()
    await maria.hears_ringing()
    await room.talk(1)
    await maria.hangup()
    await ana.closed()


@scene("03-nobody-answers")
async def nobody_answers(room: Room) -> None:
    """Maria calls 210000001; 1001 rings 2 s, Dial gives up; the PBX ends the call."""
    maria, ana = await room.customer(), await room.phone("1001")
    await maria.dial("210000001")
    await ana.rings()
    await maria.closed()
    await ana.closed()


@scene("03-busy")
async def busy(room: Room) -> None:
    """Maria calls 210000000; 1001 answers 486 Busy Here at once, without ringing."""
    await _refused(room, "486 Busy Here")


@scene("03-rejected")
async def rejected(room: Room) -> None:
    """Maria calls 210000000; 1001 answers 603 Decline at once, without ringing."""
    await _refused(room, "603 Decline")


@scene("03-congestion")
async def congestion(room: Room) -> None:
    """Maria calls 210000000; 1001 answers 503 Service Unavailable at once."""
    await _refused(room, "503 Service Unavailable")


@scene("03-rejected-while-ringing")
async def rejected_while_ringing(room: Room) -> None:
    """Maria calls 210000000; 1001 rings 1 s, then its person rejects (486 Rejected)."""
    maria, ana = await room.customer(), await room.phone("1001")
    await maria.dial("210000000")
    await ana.rings()
    await room.talk(1)
    await ana.hangup()
    await maria.closed()


@scene("03-offline-unregistered")
async def offline_unregistered(room: Room) -> None:
    """Maria calls 210000002; no phone has registered for 1009: no second channel ever exists."""
    maria = await room.customer()
    await maria.dial("210000002")
    await maria.closed()


@scene("03-offline-silent")
async def offline_silent(room: Room) -> None:
    """Maria calls 210000003; 1008's address is known but nothing answers there; Dial gives up after 2 s."""
    maria = await room.customer()
    await maria.dial("210000003")
    await maria.closed()


async def _refused(room: Room, answer: str) -> None:
    maria = await room.customer()
    await room.refuser("1001", answer)
    await maria.dial("210000000")
    await maria.closed()
