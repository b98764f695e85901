"""Maria, outside, talks to 1001, who asks 201 first."""

from tests.lab.phones import Phone
from tests.lab.room import Room
from tests.lab.scenes import scene
from tests.lab.scenes.talks import ana_talks_to_maria, hang_up, maria_talks_to_ana


@scene("17-attended-by-refer")
async def by_refer(room: Room) -> None:
    """1001 holds Maria, calls 201, who answers; 1 s; REFER with Replaces joins Maria and 201; 1 s; Maria hangs up."""
    maria, ana, eva = await _consults(room)
    await eva.answer()
    await eva.established()
    await room.talk(1)
    await room.joins(ana, "201")
    await hang_up(maria, eva, room)


@scene("17-attended-cancelled")
async def cancelled(room: Room) -> None:
    """1001 holds Maria, calls 201, who answers; 1 s; 1001 ends that, resumes Maria; 1 s; Maria hangs up."""
    maria, ana, eva = await _consults(room)
    await eva.answer()
    await eva.established()
    await room.talk(1)
    await ana.hangup()
    await eva.closed()
    await ana.resume()
    await hang_up(maria, ana, room)


@scene("17-attended-target-does-not-answer")
async def target_does_not_answer(room: Room) -> None:
    """1001 holds Maria, calls 201, which rings 1 s; 1001 gives up, resumes Maria; 1 s; 1001 hangs up."""
    maria, ana, eva = await _consults(room)
    await room.talk(1)
    await ana.hangup()
    await eva.closed()
    await ana.resume()
    await hang_up(ana, maria, room)


@scene("17-attended-customer-hangs-up")
async def customer_hangs_up(room: Room) -> None:
    """1001 holds Maria, calls 201, who answers; Maria hangs up; 1 s later 1001 hangs up on 201."""
    maria, ana, eva = await _consults(room)
    await eva.answer()
    await eva.established()
    await maria.hangup()
    await ana.closed()
    await hang_up(ana, eva, room)


@scene("18-blonde-by-refer")
async def blonde_by_refer(room: Room) -> None:
    """1001 holds Maria, calls 201, which rings 1 s; REFER with Replaces; 1 s; 201 answers; 1 s; Maria hangs up."""
    maria, ana, eva = await _consults(room)
    await room.talk(1)
    await room.joins(ana, "201")
    await room.talk(1)
    await eva.answer()
    await eva.established()
    await hang_up(maria, eva, room)


@scene("17-attended-transferrer-hangs-up")
async def transferrer_hangs_up(room: Room) -> None:
    """1001 holds Maria, calls 201, who answers; 1 s; 1001 ends that call, and Maria's too, without resuming it."""
    maria, ana, eva = await _consults(room)
    await eva.answer()
    await eva.established()
    await room.talk(1)
    await ana.hangup()
    await eva.closed()
    await ana.line(1)
    await ana.hangup()
    await maria.closed()


@scene("17-attended-of-own-call")
async def of_own_call(room: Room) -> None:
    """1001 called Maria, holds her, calls 201, who answers; REFER with Replaces; 1 s; 201 hangs up."""
    ana, maria = await ana_talks_to_maria(room)
    eva = await room.phone("201")
    await ana.hold()
    await ana.dial("201")
    await eva.rings()
    await ana.hears_ringing()
    await eva.answer()
    await eva.established()
    await room.talk(1)
    await room.joins(ana, "201")
    await hang_up(eva, maria, room)


@scene("17-attended-to-outside")
async def to_outside(room: Room) -> None:
    """Rui (936000111) talks to 1001, who holds him, asks Maria, who answers; REFER with Replaces; 1 s; Rui hangs up."""
    rui, ana = await room.customer("936000111", "Rui Costa", host=101), await room.phone("1001")
    maria = await room.customer()
    await rui.dial("210000000")
    await ana.rings()
    await ana.answer()
    await rui.established()
    await ana.hold()
    await ana.dial("912345678")
    await maria.rings()
    await maria.answer()
    await maria.established()
    await room.talk(1)
    await room.joins(ana, "912345678")
    await hang_up(rui, maria, room)


@scene("17-attended-asked-by-the-other")
async def asked_by_the_other(room: Room) -> None:
    """1001 talks to Maria; 201 calls 1001, who answers; REFER with Replaces joins those two; 1 s; Maria hangs up."""
    maria, ana = await maria_talks_to_ana(room)
    eva = await room.phone("201")
    await ana.hold()
    await eva.dial("1001")
    await ana.rings()
    await ana.answer()
    await eva.established()
    await room.talk(1)
    await room.joins(ana, "201")
    await hang_up(maria, eva, room)


@scene("18-blonde-by-refer-no-answer")
async def blonde_by_refer_no_answer(room: Room) -> None:
    """1001 holds Maria, calls 851002, which is 1002 for 5 s; REFER with Replaces; it rings in vain; nothing is left."""
    maria, ana = await maria_talks_to_ana(room)
    bruno = await room.phone("1002")
    await ana.hold()
    await ana.dial("851002")
    await bruno.rings()
    await ana.hears_ringing()
    await room.joins(ana, "851002")
    await bruno.closed()
    await maria.closed()


async def _consults(room: Room) -> tuple[Phone, Phone, Phone]:
    """1001 has Maria on hold, and 201 rings."""
    maria, ana = await maria_talks_to_ana(room)
    eva = await room.phone("201")
    await ana.hold()
    await ana.dial("201")
    await eva.rings()
    await ana.hears_ringing()
    return maria, ana, eva


@scene("18-blonde-to-queue")
async def blonde_to_queue(room: Room) -> None:
    """1001 holds Maria, calls 601 (queue support), where 1002 rings; REFER with Replaces; 1002 answers; Maria ends."""
    await room.action("QueuePause", Queue="support", Interface="PJSIP/1001", Paused="true")
    maria, ana = await maria_talks_to_ana(room)
    bruno = await room.phone("1002")
    await ana.hold()
    await ana.dial("601")
    await bruno.rings()
    await room.talk(0.5)
    await room.joins(ana, "601")
    await room.talk(0.5)
    await bruno.answer()
    await bruno.established()
    await hang_up(maria, bruno, room)
