"""Calls that nobody dials on a phone: the PBX is asked to place them."""

from tests.lab.phones import Phone
from tests.lab.room import Room
from tests.lab.scenes import scene
from tests.lab.scenes.talks import hang_up


@scene("13-click-to-dial-answered")
async def answered(room: Room) -> None:
    """Originate rings 1001, who answers after 1 s; then Maria is called, answers after 1 s; 1 s; 1001 hangs up."""
    ana, maria = await _click_comes(room)
    await maria.rings()
    await room.talk(1)
    await maria.answer()
    await maria.established()
    await hang_up(ana, maria, room)


@scene("13-click-to-dial-customer-hangs-up")
async def customer_hangs_up(room: Room) -> None:
    """As answered, but Maria hangs up."""
    ana, maria = await _click_comes(room)
    await maria.rings()
    await maria.answer()
    await maria.established()
    await hang_up(maria, ana, room)


@scene("13-click-to-dial-agent-declines")
async def agent_declines(room: Room) -> None:
    """Originate rings 1001, who rejects (486): Maria is never called."""
    ana = await room.phone("1001")
    await _click(room)
    await ana.rings()
    await ana.hangup()
    await ana.closed()


@scene("13-click-to-dial-agent-refuses")
async def agent_refuses(room: Room) -> None:
    """Originate calls 1001, whose phone answers 603 Decline at once: Maria is never called."""
    await room.refuser("1001", "603 Decline")
    await _click(room)


@scene("13-click-to-dial-agent-does-not-pick-up")
async def agent_does_not_pick_up(room: Room) -> None:
    """Originate rings 1001 for 2 s in vain: Maria is never called."""
    ana = await room.phone("1001")
    await _click(room, timeout_s=2)
    await ana.rings()
    await ana.closed()


@scene("13-click-to-dial-agent-gives-up")
async def agent_gives_up(room: Room) -> None:
    """Originate rings 1001, who answers; Maria's phone rings 1 s; 1001 hangs up."""
    ana, maria = await _click_comes(room)
    await maria.rings()
    await hang_up(ana, maria, room)


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


@scene("13-click-to-dial-customer-no-answer")
async def customer_no_answer(room: Room) -> None:
    """Originate rings 1001, who answers; Maria's phone rings 2 s in vain; the PBX ends the call."""
    ana, maria = await room.phone("1001"), await room.customer()
    await _click(room, number="8912345678")
    await ana.rings()
    await ana.answer()
    await maria.rings()
    await maria.closed()
    await ana.closed()


@scene("13-click-to-dial-caller-id-chosen")
async def caller_id_chosen(room: Room) -> None:
    """As answered, with the caller ID `Lab Lda <210000000>` instead of 1001's own."""
    ana, maria = await _click_comes(room, caller="Lab Lda <210000000>")
    await maria.rings()
    await room.talk(1)
    await maria.answer()
    await maria.established()
    await hang_up(ana, maria, room)


@scene("13-click-to-dial-by-local-kept")
async def by_local_kept(room: Room) -> None:
    """As answered, by way of Local/1001@from-phones/n, which stays in the call."""
    await _through(room, "Local/1001@from-phones/n")


@scene("13-click-to-dial-by-local-optimised")
async def by_local_optimised(room: Room) -> None:
    """As answered, by way of Local/1001@from-phones, which Asterisk optimises away."""
    await _through(room, "Local/1001@from-phones")


@scene("13-click-to-dial-by-local-declined")
async def by_local_declined(room: Room) -> None:
    """By way of Local/1001@from-phones/n; 1001 rings and rejects (486): Maria is never called."""
    ana = await room.phone("1001")
    await _click(room, channel="Local/1001@from-phones/n")
    await ana.rings()
    await ana.hangup()
    await ana.closed()


@scene("13-click-to-dial-two-devices")
async def two_devices(room: Room) -> None:
    """By way of a Local channel 1005 rings twice; the mobile answers, then Maria; 1 s; she hangs up."""
    maria, desk, mobile = await room.customer(), await room.device("desk"), await room.device("mobile")
    await _click(room, channel="Local/210000005@from-trunk/n", caller="<1005>")
    await desk.rings()
    await mobile.rings()
    await mobile.answer()
    await desk.closed()
    await maria.rings()
    await maria.answer()
    await maria.established()
    await hang_up(maria, mobile, room)


@scene("13-click-to-dial-a-colleague")
async def a_colleague(room: Room) -> None:
    """Originate rings 1001, who answers; then 201 is called and answers; 1 s; 1001 hangs up."""
    ana, eva = await room.phone("1001"), await room.phone("201")
    await _click(room, number="201")
    await ana.rings()
    await ana.answer()
    await eva.rings()
    await eva.answer()
    await eva.established()
    await hang_up(ana, eva, room)


@scene("13-click-to-dial-by-command-line")
async def by_command_line(room: Room) -> None:
    """Asterisk's command line rings 1001 for 912345678; 1001, then Maria answer; 1 s; Maria hangs up."""
    ana, maria = await room.phone("1001"), await room.customer()
    await room.action("Command", Command="channel originate PJSIP/1001 extension 912345678@from-phones")
    await ana.rings()
    await ana.answer()
    await maria.rings()
    await maria.answer()
    await maria.established()
    await hang_up(maria, ana, room)


@scene("14-system-call-into-queue")
async def system_call(room: Room) -> None:
    """Originate calls Maria, who answers after 1 s, waits in queue sales 1 s; 1002 answers; 1 s; Maria hangs up."""
    maria = await room.customer()
    ana, bruno = await room.phone("1001"), await room.phone("1002")
    await _system_call(room, "600")
    await maria.rings()
    await room.talk(1)
    await maria.answer()
    await ana.rings()
    await bruno.rings()
    await room.talk(1)
    await bruno.answer()
    await bruno.established()
    await hang_up(maria, bruno, room)


@scene("14-system-call-to-an-agent")
async def system_call_to_an_agent(room: Room) -> None:
    """Originate calls Maria, who answers; then 1001 rings 1 s and answers; 1 s; 1001 hangs up."""
    maria, ana = await room.customer(), await room.phone("1001")
    await _system_call(room, "1001")
    await maria.rings()
    await maria.answer()
    await ana.rings()
    await room.talk(1)
    await ana.answer()
    await ana.established()
    await hang_up(ana, maria, room)


@scene("14-system-call-by-local")
async def system_call_by_local(room: Room) -> None:
    """As to an agent, by way of Local/912345678@from-phones/n; 1 s; Maria hangs up."""
    maria, ana = await room.customer(), await room.phone("1001")
    await _system_call(room, "1001", channel="Local/912345678@from-phones/n")
    await maria.rings()
    await maria.answer()
    await ana.rings()
    await ana.answer()
    await ana.established()
    await hang_up(maria, ana, room)


@scene("14-system-call-by-local-optimised")
async def system_call_by_local_optimised(room: Room) -> None:
    """As to an agent, by way of Local/912345678@from-phones, which Asterisk optimises away; 1 s; Maria hangs up."""
    maria, ana = await room.customer(), await room.phone("1001")
    await _system_call(room, "1001", channel="Local/912345678@from-phones")
    await maria.rings()
    await maria.answer()
    await ana.rings()
    await room.talk(1)
    await ana.answer()
    await ana.established()
    await hang_up(maria, ana, room)


@scene("14-system-call-abandoned")
async def system_call_abandoned(room: Room) -> None:
    """Originate calls Maria, who answers and waits in queue sales; 1001 and 1002 ring 1 s; Maria hangs up."""
    maria = await room.customer()
    ana, bruno = await room.phone("1001"), await room.phone("1002")
    await _system_call(room, "600")
    await maria.rings()
    await maria.answer()
    await ana.rings()
    await bruno.rings()
    await room.talk(1)
    await maria.hangup()
    await ana.closed()
    await bruno.closed()


@scene("14-system-call-not-answered")
async def system_call_not_answered(room: Room) -> None:
    """Originate rings Maria for 2 s in vain."""
    maria = await room.customer()
    await _system_call(room, "600", timeout_s=2)
    await maria.rings()
    await maria.closed()


@scene("14-system-call-busy")
async def system_call_busy(room: Room) -> None:
    """Originate calls Maria, whose carrier answers 486."""
    await room.refuser("carrier", "486 Busy Here")
    await _system_call(room, "600")


async def _click(
    room: Room,
    *,
    channel: str = "PJSIP/1001",
    number: str = "912345678",
    caller: str = "<1001>",
    timeout_s: int = 20,
) -> None:
    await _originate(room, channel, number, caller, timeout_s)


async def _click_comes(room: Room, *, channel: str = "PJSIP/1001", caller: str = "<1001>") -> tuple[Phone, Phone]:
    """1001 rings 1 s and answers."""
    ana, maria = await room.phone("1001"), await room.customer()
    await _click(room, channel=channel, caller=caller)
    await ana.rings()
    await room.talk(1)
    await ana.answer()
    return ana, maria


async def _through(room: Room, channel: str) -> None:
    ana, maria = await _click_comes(room, channel=channel)
    await maria.rings()
    await room.talk(1)
    await maria.answer()
    await maria.established()
    await hang_up(ana, maria, room)


async def _system_call(room: Room, exten: str, *, channel: str = "PJSIP/912345678@trunk", timeout_s: int = 20) -> None:
    await _originate(room, channel, exten, "<210000000>", timeout_s)


async def _originate(room: Room, channel: str, exten: str, caller: str, timeout_s: int) -> None:
    to = {"Channel": channel, "Context": "from-phones", "Exten": exten, "Priority": "1"}
    await room.action("Originate", **to, CallerID=caller, Timeout=f"{timeout_s * 1000}", Async="true")
