"""Hold and resume by SIP re-INVITE."""

from tests.lab.room import Room
from tests.lab.scenes import scene
from tests.lab.scenes.talks import ana_talks_to_maria, hang_up, maria_talks_to_ana


@scene("15-hold-by-callee")
async def by_callee(room: Room) -> None:
    """Maria talks to 1001 1 s; 1001 holds 1 s, resumes; 1 s; Maria hangs up."""
    maria, ana = await maria_talks_to_ana(room)
    await room.talk(1)
    await ana.hold()
    await room.talk(1)
    await ana.resume()
    await hang_up(maria, ana, room)


@scene("15-hold-by-caller-twice")
async def by_caller_twice(room: Room) -> None:
    """1001 talks to Maria; 1001 holds 1 s, resumes 1 s, holds 1 s, resumes 1 s, and hangs up."""
    ana, maria = await ana_talks_to_maria(room)
    for _ in range(2):
        await ana.hold()
        await room.talk(1)
        await ana.resume()
        await room.talk(1)
    await hang_up(ana, maria, room, after_s=0.1)


@scene("15-hold-by-customer")
async def by_customer(room: Room) -> None:
    """Maria talks to 1001; Maria holds 1 s, resumes; 1 s; 1001 hangs up."""
    maria, ana = await maria_talks_to_ana(room)
    await maria.hold()
    await room.talk(1)
    await maria.resume()
    await hang_up(ana, maria, room)


@scene("15-hold-until-hangup")
async def until_hangup(room: Room) -> None:
    """Maria talks to 1001; 1001 holds; after 1 s Maria, still on hold, hangs up."""
    maria, ana = await maria_talks_to_ana(room)
    await ana.hold()
    await hang_up(maria, ana, room)


@scene("15-hold-by-callee-twice")
async def by_callee_twice(room: Room) -> None:
    """Maria talks to 1001; twice 1001 holds 1 s, resumes 0.5 s; Maria hangs up."""
    maria, ana = await maria_talks_to_ana(room)
    for _ in range(2):
        await ana.hold()
        await room.talk(1)
        await ana.resume()
        await room.talk(0.5)
    await hang_up(maria, ana, room, after_s=0)


@scene("15-hold-by-customer-called")
async def by_customer_called(room: Room) -> None:
    """1001 talks to Maria, whom they called; Maria holds 1 s, resumes; 0.5 s; Maria hangs up."""
    ana, maria = await ana_talks_to_maria(room)
    await maria.hold()
    await room.talk(1)
    await maria.resume()
    await hang_up(maria, ana, room, after_s=0.5)


@scene("15-hold-by-both-in-turn")
async def by_both_in_turn(room: Room) -> None:
    """Maria talks to 1001; 1001 holds 1 s, resumes; 0.5 s; Maria holds 1 s, resumes; 0.5 s; 1001 hangs up."""
    maria, ana = await maria_talks_to_ana(room)
    for phone in (ana, maria):
        await phone.hold()
        await room.talk(1)
        await phone.resume()
        await room.talk(0.5)
    await hang_up(ana, maria, room, after_s=0)


@scene("15-hold-by-both-at-once")
async def by_both_at_once(room: Room) -> None:
    """Maria talks to 1001; 1001 holds; 0.5 s; Maria holds too; 0.5 s; 1001 resumes; 0.5 s; Maria does; she hangs up."""
    maria, ana = await maria_talks_to_ana(room)
    for phone in (ana, maria):
        await phone.hold()
        await room.talk(0.5)
    await ana.resume()
    await room.talk(0.5)
    await maria.resume()
    await hang_up(maria, ana, room, after_s=0.5)


@scene("15-hold-by-both-until-hangup")
async def by_both_until_hangup(room: Room) -> None:
    """Maria talks to 1001; 1001 holds; 0.5 s; Maria holds too; 0.5 s; 1001 resumes; 0.5 s; 1001 hangs up."""
    maria, ana = await maria_talks_to_ana(room)
    for phone in (ana, maria):
        await phone.hold()
        await room.talk(0.5)
    await ana.resume()
    await hang_up(ana, maria, room, after_s=0.5)


@scene("15-hold-of-a-queue-call")
async def of_a_queue_call(room: Room) -> None:
    """Maria calls 210000020 (sales); 1001 and 1002 ring; 1002 answers, holds 1 s, resumes; 0.5 s; Maria hangs up."""
    maria, ana, bruno = await room.customer(), await room.phone("1001"), await room.phone("1002")
    await maria.dial("210000020")
    await ana.rings()
    await bruno.rings()
    await bruno.answer()
    await bruno.established()
    await bruno.hold()
    await room.talk(1)
    await bruno.resume()
    await hang_up(maria, bruno, room, after_s=0.5)
