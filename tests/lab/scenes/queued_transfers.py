"""Maria, outside, comes through a queue (sales: 1001 and 1002) to 1002, who hands her on."""

from tests.lab.phones import Phone
from tests.lab.room import Room
from tests.lab.scenes import scene
from tests.lab.scenes.talks import hang_up

QUEUE, MENU, LOCALS = "210000020", "210000030", "210000027"


@scene("19-blind-of-queue-call")
async def blind_of_queue_call(room: Room) -> None:
    """1002 sends Maria, who came through queue sales, to 201 by REFER; 201 answers; 1 s; Maria hangs up."""
    await _blind(room, *await _comes_to_bruno(room, QUEUE))


@scene("19-blind-of-menu-and-queue-call")
async def blind_of_menu_and_queue_call(room: Room) -> None:
    """1002 sends Maria, who pressed 1 in a menu, to 201 by REFER; 201 answers; 1 s; Maria hangs up."""
    await _blind(room, *await _comes_to_bruno(room, MENU))


@scene("19-blind-of-local-member-call")
async def blind_of_local_member_call(room: Room) -> None:
    """1002, a queue member behind a Local channel, sends Maria to 201 by REFER; 201 answers; 1 s; Maria hangs up."""
    await _blind(room, *await _comes_to_bruno(room, LOCALS))


@scene("19-blind-to-another-queue")
async def blind_to_another_queue(room: Room) -> None:
    """1002 sends Maria, who came through queue sales, to 601 (support); 1001 answers there; 1 s; Maria hangs up."""
    await room.action("QueuePause", Queue="support", Interface="PJSIP/1002", Paused="true")
    maria, ana, bruno = await _comes_to_bruno(room, QUEUE)
    await room.talk(1)
    await bruno.transfer("601")
    await ana.rings()
    await room.talk(1)
    await ana.answer()
    await ana.established()
    await hang_up(maria, ana, room)


@scene("19-attended-of-queue-call")
async def attended_of_queue_call(room: Room) -> None:
    """1002 holds Maria, who came through queue sales, asks 201; 1 s; REFER with Replaces; 1 s; Maria hangs up."""
    await _attended(room, *await _comes_to_bruno(room, QUEUE))


@scene("19-attended-of-menu-and-queue-call")
async def attended_of_menu_and_queue_call(room: Room) -> None:
    """1002 holds Maria, who pressed 1 in a menu, asks 201; 1 s; REFER with Replaces; 1 s; Maria hangs up."""
    await _attended(room, *await _comes_to_bruno(room, MENU))


@scene("19-attended-of-local-member-call")
async def attended_of_local_member_call(room: Room) -> None:
    """1002, a queue member behind a Local channel, holds Maria, asks 201; REFER with Replaces; 1 s; Maria hangs up."""
    await _attended(room, *await _comes_to_bruno(room, LOCALS))


@scene("19-attended-by-feature-code-of-queue-call")
async def attended_by_feature_code_of_queue_call(room: Room) -> None:
    """1002 has Maria from queue sales, presses *2 201; 201 answers; 1 s; 1002 hangs up; 1 s; Maria hangs up."""
    maria, _ana, bruno = await _comes_to_bruno(room, QUEUE)
    eva = await room.phone("201")
    await bruno.press("*2")
    await room.talk(1.5)
    await bruno.press("201")
    await eva.rings()
    await eva.answer()
    await eva.established()
    await room.talk(1)
    await bruno.hangup()
    await hang_up(maria, eva, room)


async def _comes_to_bruno(room: Room, number: str) -> tuple[Phone, Phone, Phone]:
    """Maria waits 1 s in queue sales, where 1001 and 1002 ring; 1002 answers."""
    maria, ana, bruno = await room.customer(), await room.phone("1001"), await room.phone("1002")
    await maria.dial(number)
    await maria.established()
    if number == MENU:
        await room.talk(0.5)
        await maria.press("1")
    await ana.rings()
    await bruno.rings()
    await room.talk(1)
    await bruno.answer()
    await bruno.established()
    await ana.closed()
    return maria, ana, bruno


async def _blind(room: Room, maria: Phone, _ana: Phone, bruno: Phone) -> None:
    eva = await room.phone("201")
    await room.talk(1)
    await bruno.transfer("201")
    await eva.rings()
    await eva.answer()
    await eva.established()
    await bruno.closed()
    await hang_up(maria, eva, room)


async def _attended(room: Room, maria: Phone, _ana: Phone, bruno: Phone) -> None:
    eva = await room.phone("201")
    await bruno.hold()
    await bruno.dial("201")
    await eva.rings()
    await bruno.hears_ringing()
    await eva.answer()
    await eva.established()
    await room.talk(1)
    await room.joins(bruno, "201")
    await hang_up(maria, eva, room)
