"""From a phone inside, to the outside or to another phone."""

from tests.lab.room import Room
from tests.lab.scenes import scene


@scene("11-outbound-answered")
async def answered(room: Room) -> None:
    """1001 calls 912345678; Maria's phone rings 1 s, she answers; 1 s; 1001 hangs up."""
    ana, maria = await room.phone("1001"), await room.customer()
    await ana.dial("912345678")
    await maria.rings()
    await room.talk(1)
    await maria.answer()
    await ana.established()
    await room.talk(1)
    await ana.hangup()
    await maria.closed()


@scene("11-outbound-answered-customer-hangs-up")
async def answered_customer_hangs_up(room: Room) -> None:
    """1001 calls +351912345678; Maria answers; 1 s; Maria hangs up."""
    ana, maria = await room.phone("1001"), await room.customer("+351912345678")
    await ana.dial("+351912345678")
    await maria.rings()
    await maria.answer()
    await ana.established()
    await room.talk(1)
    await maria.hangup()
    await ana.closed()


@scene("11-outbound-with-prefix")
async def with_prefix(room: Room) -> None:
    """1001 calls 0912345678, 0 for an outside line, which shows 210000000; Maria answers; 1 s; 1001 hangs up."""
    ana, maria = await room.phone("1001"), await room.customer()
    await ana.dial("0912345678")
    await maria.rings()
    await maria.answer()
    await ana.established()
    await room.talk(1)
    await ana.hangup()
    await maria.closed()


@scene("11-outbound-busy")
async def busy(room: Room) -> None:
    """1001 calls 912345678; the carrier answers 486 Busy Here."""
    await _refused(room, "486 Busy Here")


@scene("11-outbound-wrong-number")
async def wrong_number(room: Room) -> None:
    """1001 calls 912345678; the carrier answers 404 Not Found."""
    await _refused(room, "404 Not Found")


@scene("11-outbound-congestion")
async def congestion(room: Room) -> None:
    """1001 calls 912345678; the carrier answers 503 Service Unavailable."""
    await _refused(room, "503 Service Unavailable")


@scene("11-outbound-no-answer")
async def no_answer(room: Room) -> None:
    """1001 calls 8912345678 (gives up after 2 s); Maria's phone rings in vain; the PBX ends the call."""
    ana, maria = await room.phone("1001"), await room.customer()
    await ana.dial("8912345678")
    await maria.rings()
    await ana.closed()
    await maria.closed()


@scene("11-outbound-cancelled")
async def cancelled(room: Room) -> None:
    """1001 calls 912345678; Maria's phone rings 1 s; 1001 hangs up."""
    ana, maria = await room.phone("1001"), await room.customer()
    await ana.dial("912345678")
    await maria.rings()
    await ana.hears_ringing()
    await room.talk(1)
    await ana.hangup()
    await maria.closed()


@scene("12-internal-answered")
async def internal_answered(room: Room) -> None:
    """1001 calls 201; it rings 1 s, answers; 1 s; 1001 hangs up."""
    ana, eva = await room.phone("1001"), await room.phone("201")
    await ana.dial("201")
    await eva.rings()
    await room.talk(1)
    await eva.answer()
    await ana.established()
    await room.talk(1)
    await ana.hangup()
    await eva.closed()


@scene("12-internal-no-answer")
async def internal_no_answer(room: Room) -> None:
    """201 calls 81001, which is 1001 for 2 s; it rings in vain; the PBX ends the call."""
    eva, ana = await room.phone("201"), await room.phone("1001")
    await eva.dial("81001")
    await ana.rings()
    await eva.closed()
    await ana.closed()


@scene("27-two-calls-at-once")
async def two_calls_at_once(room: Room) -> None:
    """912345678 calls 1001 twice, who takes both (the first is held then); 1 s; they end it: the first, the second."""
    maria, again = await room.customer(), await room.customer(host=101)
    ana = await room.phone("1001")
    for caller in (maria, again):
        await caller.dial("210000000")
        await ana.rings()
        await ana.answer()
        await caller.established()
    await room.talk(1)
    await maria.hangup()
    await ana.closed()
    await again.hangup()
    await ana.closed()


@scene("27-two-calls-ring-at-once")
async def two_calls_ring_at_once(room: Room) -> None:
    """912345678 calls 1001 twice; both ring 1 s; the second gives up; 1001 answers the first; 1 s; 1001 hangs up."""
    maria, again = await room.customer(), await room.customer(host=101)
    ana = await room.phone("1001")
    for caller in (maria, again):
        await caller.dial("210000000")
        await ana.rings()
    await room.talk(1)
    await again.hangup()
    await ana.closed()
    await ana.answer()
    await maria.established()
    await room.talk(1)
    await ana.hangup()
    await maria.closed()


async def _refused(room: Room, answer: str) -> None:
    ana = await room.phone("1001")
    await room.refuser("carrier", answer)
    await ana.dial("912345678")
    await ana.closed()
