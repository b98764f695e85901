import pytest

from callbridge.calls.correlation import PLUMBING, Channel, ChannelGraph, Key, Kind, kind_of


def channel(graph: ChannelGraph, name: str, kind: Kind = Kind.EXTENSION, pbx: str = "main") -> Channel:
    one = Channel((pbx, name), f"PJSIP/{name}-00000001", name, kind, calling=False)
    graph.channels[one.key] = one
    return one


def names(channels: tuple[Channel, ...]) -> list[str]:
    return [each.key[1] for each in channels]


B1: Key = ("main", "b1")
B2: Key = ("main", "b2")


def test_who_is_in_one_bridge_hears_one_another() -> None:
    graph = ChannelGraph()
    a, b, c = (channel(graph, name) for name in "abc")
    graph.enter(a, B1, holding=False)
    graph.enter(b, B1, holding=False)
    graph.enter(c, B2, holding=False)

    assert names(graph.joined_with(a)) == names(graph.joined_with(b)) == ["a", "b"]
    assert names(graph.joined_with(c)) == ["c"]


def test_who_hears_one_another_is_told_in_the_order_of_their_ids() -> None:
    """A set of texts is in another order in each process: what is told of it must not be."""
    graph = ChannelGraph()
    for name in "hcbfgade":
        graph.enter(channel(graph, name), B1, holding=False)

    for each in graph.channels.values():
        assert "".join(names(graph.joined_with(each))) == "abcdefgh"


def test_a_way_leads_over_local_channels_which_are_nobody() -> None:
    graph = ChannelGraph()
    caller, phone = channel(graph, "caller"), channel(graph, "phone")
    one, two = channel(graph, "one", Kind.LOCAL), channel(graph, "two", Kind.LOCAL)
    one.other_half, two.other_half = two.key, one.key
    for each, bridge in ((caller, B1), (one, B1), (two, B2), (phone, B2)):
        graph.enter(each, bridge, holding=False)

    assert names(graph.joined_with(caller)) == ["caller", "phone"]
    graph.drop(one)
    assert graph.channels[two.key].other_half is None
    assert names(graph.joined_with(caller)) == ["caller"]


def test_the_way_to_who_hears_one_leads_over_plumbing_that_nobody_is_told_of() -> None:
    graph = ChannelGraph()
    caller, half = channel(graph, "caller"), channel(graph, "half", Kind.LOCAL)
    graph.enter(caller, B1, holding=False)
    graph.enter(half, B1, holding=False)

    assert (names(graph.reached(caller)), names(graph.joined_with(caller))) == (["caller", "half"], ["caller"])


def test_a_channel_is_found_by_its_name_on_its_own_pbx_alone() -> None:
    graph = ChannelGraph()
    lisbon, porto = channel(graph, "1.1"), channel(graph, "1.1", pbx="porto")

    assert graph.named("main", lisbon.name) is lisbon
    assert graph.named("porto", lisbon.name) is porto
    assert graph.named("main", "PJSIP/nobody-00000001") is None


def test_a_holding_bridge_joins_nobody() -> None:
    graph = ChannelGraph()
    a, b = channel(graph, "a"), channel(graph, "b")
    graph.enter(a, B1, holding=True)
    graph.enter(b, B1, holding=True)

    assert names(graph.joined_with(a)) == ["a"]


def test_a_channel_is_in_one_bridge_at_a_time() -> None:
    graph = ChannelGraph()
    a, b = channel(graph, "a"), channel(graph, "b")
    graph.enter(a, B1, holding=False)
    graph.enter(b, B1, holding=False)
    graph.enter(a, B2, holding=False)

    assert (names(graph.members(B1)), names(graph.members(B2))) == (["b"], ["a"])


def test_nothing_stays_of_what_is_gone() -> None:
    graph = ChannelGraph()
    a, b = channel(graph, "a"), channel(graph, "b")
    graph.enter(a, B1, holding=False)
    graph.enter(b, B1, holding=False)
    graph.drop_bridge(B1)
    assert (a.bridge, graph.bridges, graph.members(B1)) == (None, {}, ())
    graph.enter(a, B2, holding=False)
    graph.drop(a)
    graph.drop(b)
    graph.drop(b)
    assert (graph.channels, graph.bridges) == ({}, {})


def test_the_same_ids_on_two_pbxs_are_two_channels() -> None:
    graph = ChannelGraph()
    lisbon, porto = channel(graph, "1.1"), channel(graph, "1.1", pbx="porto")
    graph.enter(lisbon, B1, holding=False)
    graph.enter(porto, ("porto", "b1"), holding=False)

    assert graph.joined_with(lisbon) == (lisbon,)
    assert graph.of_pbx("porto") == (porto,)


def test_the_channels_of_a_call_are_those_that_live() -> None:
    graph = ChannelGraph()
    a, b = channel(graph, "a"), channel(graph, "b")
    a.call_id = b.call_id = "call_1"
    graph.drop(a)

    assert graph.of_call("call_1") == (b,)


@pytest.mark.parametrize(
    ("name", "extension", "kind"),
    [
        ("Local/1001@members-00000001;1", "1001", Kind.LOCAL),
        ("PJSIP/1001-00000001", "1001", Kind.EXTENSION),
        ("PJSIP/trunk-00000001", None, Kind.TRUNK),
        ("IAX2/carrier-1", None, Kind.TRUNK),
        *((f"{technology}/x", "1001", Kind.PLUMBING) for technology in sorted(PLUMBING - {"Local"})),
    ],
)
def test_what_is_behind_a_channel(name: str, extension: str | None, kind: Kind) -> None:
    assert kind_of(name, extension) is kind
