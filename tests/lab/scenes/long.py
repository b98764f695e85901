"""Calls that go on beyond their limit."""

from tests.lab.room import Room
from tests.lab.scenes import scene
from tests.lab.scenes.talks import hang_up, maria_talks_to_ana


@scene("34-too-long")
async def too_long(room: Room) -> None:
    """Maria talks to 1001, who holds her after 0.5 s and resumes 2 s later; 1.2 s; Maria hangs up; limit 1.5 s."""
    maria, ana = await maria_talks_to_ana(room)
    await room.talk(0.5)
    await ana.hold()
    await room.talk(2)
    await ana.resume()
    await hang_up(maria, ana, room, after_s=1.2)


@scene("34-too-long-after-a-queue")
async def too_long_after_a_queue(room: Room) -> None:
    """Maria calls 210000020 (sales, limit 1 s); 1001 and 1002 ring 1.5 s; 1001 answers; 1.5 s; 1001 hangs up."""
    maria, ana, bruno = await room.customer(), await room.phone("1001"), await room.phone("1002")
    await maria.dial("210000020")
    await ana.rings()
    await bruno.rings()
    await room.talk(1.5)
    await ana.answer()
    await ana.established()
    await hang_up(ana, maria, room, after_s=1.5)


@scene("34-ends-in-time")
async def ends_in_time(room: Room) -> None:
    """Maria calls 210000000; 1001 rings 1.5 s, answers; 0.5 s; Maria hangs up; the limit of 1.5 s is for the talk."""
    maria, ana = await room.customer(), await room.phone("1001")
    await maria.dial("210000000")
    await ana.rings()
    await room.talk(1.5)
    await ana.answer()
    await maria.established()
    await hang_up(maria, ana, room, after_s=0.5)
