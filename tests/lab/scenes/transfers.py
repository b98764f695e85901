"""Maria, outside, talks to 1001, who hands her on.

A phone that sends a REFER closes its call when it is told that the target answered.
"""

from tests.lab.room import Room
from tests.lab.scenes import scene
from tests.lab.scenes.talks import ana_talks_to_maria, hang_up, maria_talks_to_ana


@scene("16-blind-answered")
async def blind_answered(room: Room) -> None:
    """1001 sends Maria to 201 by REFER; 201 rings 1 s, answers; 1 s; Maria hangs up."""
    maria, ana = await maria_talks_to_ana(room)
    eva = await room.phone("201")
    await ana.transfer("201")
    await eva.rings()
    await room.talk(1)
    await eva.answer()
    await eva.established()
    await ana.closed()
    await hang_up(maria, eva, room)


@scene("16-blind-of-own-call")
async def blind_of_own_call(room: Room) -> None:
    """1001 called Maria, and sends her to 201 by REFER; 201 answers; 1 s; 201 hangs up."""
    ana, maria = await ana_talks_to_maria(room)
    eva = await room.phone("201")
    await ana.transfer("201")
    await eva.rings()
    await eva.answer()
    await eva.established()
    await ana.closed()
    await hang_up(eva, maria, room)


@scene("16-blind-rejected")
async def blind_rejected(room: Room) -> None:
    """1001 sends Maria to 201 by REFER; 201 answers 486; Maria hears the busy tone 1 s and hangs up."""
    maria, ana = await maria_talks_to_ana(room)
    await room.refuser("201", "486 Busy Here")
    await ana.transfer("201")
    await room.talk(1)
    await maria.hangup()


@scene("16-blind-no-answer")
async def blind_no_answer(room: Room) -> None:
    """1001 sends Maria to 81002, which is 1002 for 2 s; it rings in vain; nothing is left."""
    maria, ana = await maria_talks_to_ana(room)
    bruno = await room.phone("1002")
    await ana.transfer("81002")
    await bruno.rings()
    await maria.closed()


@scene("16-blind-to-queue")
async def blind_to_queue(room: Room) -> None:
    """1001 sends Maria to 601 (queue support) by REFER; 1002 answers there; 1 s; Maria hangs up."""
    await room.action("QueuePause", Queue="support", Interface="PJSIP/1001", Paused="true")
    maria, ana = await maria_talks_to_ana(room)
    bruno = await room.phone("1002")
    await ana.transfer("601")
    await bruno.rings()
    await bruno.answer()
    await bruno.established()
    await hang_up(maria, bruno, room)


@scene("16-blind-to-group")
async def blind_to_group(room: Room) -> None:
    """1001 sends Maria to 661, which is 1002 and 1003; 1003 answers; 1 s; 1003 hangs up."""
    maria, ana = await maria_talks_to_ana(room)
    bruno, carla = await room.phone("1002"), await room.phone("1003")
    await ana.transfer("661")
    await bruno.rings()
    await carla.rings()
    await carla.answer()
    await carla.established()
    await hang_up(carla, maria, room)


@scene("16-blind-to-outside")
async def blind_to_outside(room: Room) -> None:
    """Rui (936000111) talks to 1001, who sends him to 912345678 by REFER; Maria answers; 1 s; Rui hangs up."""
    rui, ana = await room.customer("936000111", "Rui Costa", host=101), await room.phone("1001")
    maria = await room.customer()
    await rui.dial("210000000")
    await ana.rings()
    await ana.answer()
    await rui.established()
    await ana.transfer("912345678")
    await maria.rings()
    await maria.answer()
    await maria.established()
    await hang_up(rui, maria, room)


@scene("16-blind-back-to-transferrer")
async def blind_back(room: Room) -> None:
    """1001 sends Maria to 201, who sends her back to 1001, who answers; 1 s; Maria hangs up."""
    maria, ana = await maria_talks_to_ana(room)
    eva = await room.phone("201")
    await ana.transfer("201")
    await eva.rings()
    await eva.answer()
    await eva.established()
    await ana.closed()
    await room.talk(1)
    await eva.transfer("1001")
    await ana.rings()
    await ana.answer()
    await ana.established()
    await eva.closed()
    await hang_up(maria, ana, room)


@scene("16-blind-by-feature-code")
async def blind_by_feature_code(room: Room) -> None:
    """1001 presses #1 201; 201 answers; 1 s; Maria hangs up."""
    maria, ana = await maria_talks_to_ana(room)
    eva = await room.phone("201")
    await ana.press("#1")
    await room.talk(1.5)
    await ana.press("201")
    await eva.rings()
    await eva.answer()
    await eva.established()
    await ana.closed()
    await hang_up(maria, eva, room)


@scene("16-blind-of-own-call-to-queue")
async def blind_of_own_call_to_queue(room: Room) -> None:
    """1001 called Maria, and sends her to 601 (queue support) by REFER; 1002 answers there; 1 s; Maria hangs up."""
    await room.action("QueuePause", Queue="support", Interface="PJSIP/1001", Paused="true")
    ana, maria = await ana_talks_to_maria(room)
    bruno = await room.phone("1002")
    await ana.transfer("601")
    await bruno.rings()
    await room.talk(1)
    await bruno.answer()
    await bruno.established()
    await hang_up(maria, bruno, room)


@scene("16-blind-to-queue-abandoned")
async def blind_to_queue_abandoned(room: Room) -> None:
    """1001 sends Maria to 601 (queue support) by REFER; 1002 rings 1 s; Maria hangs up."""
    await room.action("QueuePause", Queue="support", Interface="PJSIP/1001", Paused="true")
    maria, ana = await maria_talks_to_ana(room)
    bruno = await room.phone("1002")
    await ana.transfer("601")
    await bruno.rings()
    await room.talk(1)
    await maria.hangup()
    await bruno.closed()


@scene("16-blind-by-feature-code-no-answer")
async def blind_by_feature_code_no_answer(room: Room) -> None:
    """1001 presses #1 81002, which is 1002 for 2 s; it rings in vain; nothing is left."""
    maria, ana = await maria_talks_to_ana(room)
    bruno = await room.phone("1002")
    await ana.press("#1")
    await room.talk(1.5)
    await ana.press("81002")
    await bruno.rings()
    await maria.closed()


@scene("16-blind-by-ami")
async def blind_by_ami(room: Room) -> None:
    """AMI's BlindTransfer sends Maria from 1001 to 201; 201 answers; 1 s; Maria hangs up."""
    maria, ana = await maria_talks_to_ana(room)
    eva = await room.phone("201")
    channel = await room.channel_of("1001")
    await room.action("BlindTransfer", Channel=channel, Exten="201", Context="from-phones")
    await eva.rings()
    await eva.answer()
    await eva.established()
    await ana.closed()
    await hang_up(maria, eva, room)


@scene("16-blind-caller-gives-up")
async def blind_caller_gives_up(room: Room) -> None:
    """1001 sends Maria to 201 by REFER; 201 rings 1 s; Maria hangs up."""
    maria, ana = await maria_talks_to_ana(room)
    eva = await room.phone("201")
    await ana.transfer("201")
    await eva.rings()
    await room.talk(1)
    await maria.hangup()
    await eva.closed()
