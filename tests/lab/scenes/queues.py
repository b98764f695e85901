"""From outside into a queue whose members are 1001 and 1002. The PBX picks up at once, to play music."""

from tests.lab.phones import Phone
from tests.lab.room import Room
from tests.lab.scenes import scene


@scene("06-queue-ringall-second-answers")
async def ringall_second_answers(room: Room) -> None:
    """Maria calls 210000020 (sales, ringall); 1001 and 1002 ring 1 s; 1002 answers; 1 s; Maria hangs up."""
    maria, ana, bruno = await _maria_ana_bruno(room)
    await maria.dial("210000020")
    await maria.established()
    await ana.rings()
    await bruno.rings()
    await room.talk(1)
    await bruno.answer()
    await ana.closed()
    await room.talk(1)
    await maria.hangup()
    await bruno.closed()


@scene("06-queue-rrmemory-second-answers")
async def rrmemory_second_answers(room: Room) -> None:
    """Maria calls 210000021 (support, rrmemory); one member rings 2 s in vain; the other answers; 1 s; and hangs up."""
    maria, ana, bruno = await _maria_ana_bruno(room)
    await maria.dial("210000021")
    first = await room.first_to_ring(ana, bruno)
    second = bruno if first is ana else ana
    await first.closed()
    await second.rings()
    await second.answer()
    await second.established()
    await room.talk(1)
    await second.hangup()
    await maria.closed()


@scene("07-queue-abandoned")
async def abandoned(room: Room) -> None:
    """Maria calls 210000020 (sales); 1001 and 1002 ring 1 s; Maria hangs up."""
    maria, ana, bruno = await _maria_ana_bruno(room)
    await maria.dial("210000020")
    await ana.rings()
    await bruno.rings()
    await room.talk(1)
    await maria.hangup()
    await ana.closed()
    await bruno.closed()


@scene("07-queue-timeout")
async def timeout(room: Room) -> None:
    """Maria calls 210000022 (sales, 2 s at most); both ring in vain; the queue gives up; the PBX hangs up."""
    maria, ana, bruno = await _maria_ana_bruno(room)
    await maria.dial("210000022")
    await ana.rings()
    await bruno.rings()
    await maria.closed()


@scene("07-queue-empty-at-the-door")
async def empty_at_the_door(room: Room) -> None:
    """Maria calls 210000024 (nobody: no members, joinempty=no); she is refused; the PBX hangs up."""
    maria = await room.customer()
    await maria.dial("210000024")
    await maria.closed()


@scene("07-queue-all-paused-at-the-door")
async def all_paused_at_the_door(room: Room) -> None:
    """1001 and 1002 are paused; Maria calls 210000023 (strict); she is refused; the PBX hangs up."""
    maria = await room.customer()
    for extension in ("1001", "1002"):
        await _pause(room, extension)
    await maria.dial("210000023")
    await maria.closed()


@scene("07-queue-empties")
async def empties(room: Room) -> None:
    """1001 is paused; Maria calls 210000023 (strict); 1002 rings, rejects, and pauses: she is sent away."""
    maria, bruno = await room.customer(), await room.phone("1002")
    await _pause(room, "1001")
    await maria.dial("210000023")
    await bruno.rings()
    await _pause(room, "1002")
    await bruno.hangup()
    await maria.closed()


@scene("07-queue-full")
async def full(room: Room) -> None:
    """Maria waits in 210000025 (narrow, maxlen=1); Rui (936000111) calls it and is refused; Maria hangs up."""
    maria, ana, _bruno = await _maria_ana_bruno(room)
    rui = await room.customer("936000111", "Rui Costa", host=101)
    await maria.dial("210000025")
    await ana.rings()
    await rui.dial("210000025")
    await rui.closed()
    await maria.hangup()
    await ana.closed()


@scene("07-queue-key")
async def key(room: Room) -> None:
    """Maria calls 210000026 (keyed); after 1 s she presses 1; 1003 rings, answers; 1 s; Maria hangs up."""
    maria, ana, _bruno = await _maria_ana_bruno(room)
    carla = await room.phone("1003")
    await maria.dial("210000026")
    await maria.established()
    await ana.rings()
    await room.talk(1)
    await maria.press("1")
    await carla.rings()
    await carla.answer()
    await carla.established()
    await room.talk(1)
    await maria.hangup()
    await carla.closed()


@scene("08-queue-rejects-then-answers")
async def rejects_then_answers(room: Room) -> None:
    """Maria calls 210000021 (support); a member rejects; it goes on to ring; the other answers; 1 s; Maria hangs up."""
    maria, ana, bruno = await _maria_ana_bruno(room)
    await maria.dial("210000021")
    first = await room.first_to_ring(ana, bruno)
    second = bruno if first is ana else ana
    await first.hangup()
    await second.rings()
    await second.answer()
    await second.established()
    await room.talk(1)
    await maria.hangup()
    await second.closed()


@scene("08-queue-rings-again")
async def rings_again(room: Room) -> None:
    """1002 is paused; Maria calls 210000021 (support); 1001 rings 2 s in vain, rings again, answers; 1 s; hangs up."""
    maria, ana = await room.customer(), await room.phone("1001")
    await room.action("QueuePause", Queue="support", Interface="PJSIP/1002", Paused="true", Reason="lunch")
    await maria.dial("210000021")
    await ana.rings()
    await ana.closed()
    await ana.rings()
    await ana.answer()
    await ana.established()
    await room.talk(1)
    await ana.hangup()
    await maria.closed()


@scene("08-queue-rejects-rings-again")
async def rejects_rings_again(room: Room) -> None:
    """1002 is paused; Maria calls 210000021 (support); 1001 rejects, rings again, answers; 1 s; Maria hangs up."""
    maria, ana = await room.customer(), await room.phone("1001")
    await room.action("QueuePause", Queue="support", Interface="PJSIP/1002", Paused="true", Reason="lunch")
    await maria.dial("210000021")
    await ana.rings()
    await ana.hangup()
    await ana.closed()
    await ana.rings()
    await ana.answer()
    await ana.established()
    await room.talk(1)
    await maria.hangup()
    await ana.closed()


@scene("09-queue-local-kept")
async def local_kept(room: Room) -> None:
    """As 06 ringall, in 210000027: members are Local/…@members/n, which stay in the call."""
    await _answered_by_bruno(room, "210000027")


@scene("09-queue-local-optimised")
async def local_optimised(room: Room) -> None:
    """As 06 ringall, in 210000028: members are Local/…@members, which Asterisk optimises away."""
    await _answered_by_bruno(room, "210000028")


@scene("09-queue-local-abandoned")
async def local_abandoned(room: Room) -> None:
    """Maria calls 210000027 (members by Local/…/n); 1001 and 1002 ring 1 s; Maria hangs up."""
    maria, ana, bruno = await _maria_ana_bruno(room)
    await maria.dial("210000027")
    await ana.rings()
    await bruno.rings()
    await room.talk(1)
    await maria.hangup()
    await ana.closed()
    await bruno.closed()


@scene("10-second-queue")
async def second_queue(room: Room) -> None:
    """Maria calls 210000029: 2 s in sales in vain, then support, where one answers; 1 s; Maria hangs up."""
    maria, ana, bruno = await _maria_ana_bruno(room)
    await maria.dial("210000029")
    await ana.rings()
    await bruno.rings()
    await ana.closed()
    await bruno.closed()
    first = await room.first_to_ring(ana, bruno)
    await first.answer()
    await first.established()
    await room.talk(1)
    await maria.hangup()
    await first.closed()


@scene("10-second-queue-abandoned")
async def second_queue_abandoned(room: Room) -> None:
    """Maria calls 210000029: 2 s in sales in vain, then support, where one rings 1 s; Maria hangs up."""
    maria, ana, bruno = await _maria_ana_bruno(room)
    await maria.dial("210000029")
    await ana.rings()
    await bruno.rings()
    await ana.closed()
    await bruno.closed()
    first = await room.first_to_ring(ana, bruno)
    await room.talk(1)
    await maria.hangup()
    await first.closed()


async def _maria_ana_bruno(room: Room) -> tuple[Phone, Phone, Phone]:
    return await room.customer(), await room.phone("1001"), await room.phone("1002")


async def _answered_by_bruno(room: Room, number: str) -> None:
    maria, ana, bruno = await _maria_ana_bruno(room)
    await maria.dial(number)
    await ana.rings()
    await bruno.rings()
    await room.talk(1)
    await bruno.answer()
    await ana.closed()
    await room.talk(1)
    await maria.hangup()
    await bruno.closed()


async def _pause(room: Room, extension: str) -> None:
    await room.action("QueuePause", Queue="strict", Interface=f"PJSIP/{extension}", Paused="true", Reason="lunch")
