import asyncio

from callbridge.app.followers import MOST_WAITING, Followers

WITHIN_S = 5.0


async def test_every_follower_gets_every_event_in_order() -> None:
    followers = Followers()
    async with followers.subscribe() as one, followers.subscribe() as other, asyncio.timeout(WITHIN_S):
        followers.publish([b"1", b"2"])

        assert [await anext(one), await anext(one)] == [b"1", b"2"]
        assert [await anext(other), await anext(other)] == [b"1", b"2"]


async def test_a_follower_that_does_not_keep_up_is_let_go_and_holds_a_bounded_number() -> None:
    followers = Followers()
    async with followers.subscribe() as lazy, asyncio.timeout(WITHIN_S):
        followers.publish([b"x"] * (MOST_WAITING + 500))
        got = [event async for event in lazy]

    assert len(got) == MOST_WAITING


async def test_a_lazy_follower_costs_the_others_nothing() -> None:
    followers = Followers()
    async with followers.subscribe(), followers.subscribe() as keen, asyncio.timeout(WITHIN_S):
        for number in range(MOST_WAITING + 500):
            followers.publish([str(number).encode()])
            assert await anext(keen) == str(number).encode()


async def test_who_leaves_is_forgotten() -> None:
    followers = Followers()
    async with followers.subscribe():
        pass
    followers.publish([b"x"])

    assert not followers._queues
