from callbridge.directory.cache import Cache


def test_an_answer_is_good_until_its_time() -> None:
    cache = Cache[str, int](10)
    cache.put("a", 1, until=5.0)

    assert cache.get("a", 4.9) == 1
    assert cache.get("a", 5.0) is None
    assert len(cache) == 0
    assert cache.get("b", 0.0) is None


def test_it_never_holds_more_than_its_size_and_the_oldest_goes_first() -> None:
    cache = Cache[int, int](3)
    for key in range(4):
        cache.put(key, key, until=10.0)

    assert [cache.get(key, 0.0) for key in range(4)] == [None, 1, 2, 3]
    assert len(cache) == 3


def test_an_answer_that_is_renewed_is_the_newest_and_pushes_nobody_out() -> None:
    cache = Cache[int, str](2)
    cache.put(1, "old", until=10.0)
    cache.put(2, "two", until=10.0)
    cache.put(2, "two again", until=10.0)
    assert cache.get(1, 0.0) == "old"

    cache.put(1, "new", until=10.0)
    assert cache.get(2, 0.0) == "two again"

    cache.put(3, "three", until=10.0)
    assert (cache.get(1, 0.0), cache.get(2, 0.0)) == ("new", None)


def test_it_forgets_one_or_all() -> None:
    cache = Cache[int, int](3)
    for key in range(3):
        cache.put(key, key, until=10.0)
    cache.forget(1)
    cache.forget(9)
    assert [cache.get(key, 0.0) for key in range(3)] == [0, None, 2]

    cache.clear()
    assert len(cache) == 0
