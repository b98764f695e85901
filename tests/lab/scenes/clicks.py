"""Calls that nobody dials on a phone: the PBX is asked to place them."""

from tests.lab.room import Room
from tests.lab.scenes import scene
from tests.lab.scenes.talks import hang_up


@scene("13-click-to-dial-answered")
async def answered(room: Room) -> None:
    """Originate rings 1001, who answers; then Maria is called, answers after 1 s; 1 s; 1001 hangs up."""
    ana, maria = await room.phone("1001"), await room.customer()
    await _click(room)
    await ana.rings()
    await ana.answer()
    await maria.rings()
    await room.talk(1)
    await maria.answer()
    await maria.established()
    await hang_up(ana, maria, room)


@scene("13-click-to-dial-agent-declines")
async def agent_declines(room: Room) -> None:
    """Originate rings 1001, who rejects (486): Maria is never called."""
    ana = await room.phone("1001")
    await _click(room)
    await ana.rings()
    await ana.hangup()
    await ana.closed()


@scene("13-click-to-dial-customer-busy")
async def customer_busy(room: Room) -> None:
    """Originate rings 1001, who answers; Maria's carrier answers 486; 1001 hears the busy tone 1 s and hangs up."""
    ana = await room.phone("1001")
    await room.refuser("carrier", "486 Busy Here")
    await _click(room)
    await ana.rings()
    await ana.answer()
    await ana.established()
    await room.talk(1)
    await ana.hangup()


@scene("14-system-call-into-queue")
async def system_call(room: Room) -> None:
    """Originate calls Maria, who answers and waits in queue sales; 1002 answers; 1 s; Maria hangs up."""
    maria, bruno = await room.customer(), await room.phone("1002")
    await _originate(room, "PJSIP/912345678@trunk", "600", "210000000")
    await maria.rings()
    await maria.answer()
    await bruno.rings()
    await bruno.answer()
    await bruno.established()
    await hang_up(maria, bruno, room)


async def _click(room: Room) -> None:
    await _originate(room, "PJSIP/1001", "912345678", "1001")


async def _originate(room: Room, channel: str, number: str, caller: str) -> None:
    to = {"Channel": channel, "Context": "from-phones", "Exten": number, "Priority": "1"}
    await room.action("Originate", **to, CallerID=f"<{caller}>", Timeout="20000", Async="true")
