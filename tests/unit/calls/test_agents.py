from datetime import UTC, datetime

from callbridge.calls.agents import Roster
from callbridge.calls.call import Agent, Party

AT = datetime(2026, 11, 22, 10, tzinfo=UTC)


def test_an_agent_has_the_name_last_given() -> None:
    roster = Roster()
    roster.learn("main", "1001", "Ana", AT)
    roster.learn("main", "1001", "Ana Costa", AT)
    roster.learn("main", "1001", None, AT)

    assert roster.agent("main", "1001") == Agent("1001", "Ana Costa")
    assert roster.party("main", "1001") == Party(None, "1001", "Ana Costa", "1001")
    assert roster.agent("porto", "1001") == Agent("1001", None)


def test_a_name_that_only_repeats_the_number_is_none() -> None:
    roster = Roster()
    roster.learn("main", "1001", "1001", AT)

    assert roster.agent("main", "1001").name is None
    assert roster.seen == {("main", "1001"): (Agent("1001"), AT)}


def test_nobody_sits_at_no_extension() -> None:
    roster = Roster()
    roster.learn("main", None, "Ana", AT)

    assert roster.seen == {}


def test_a_name_of_the_former_life_gives_way_to_a_newer_one() -> None:
    roster = Roster()
    roster.recall("main", Party(None, "1001", "Ana Silva", "1001"))
    assert roster.agent("main", "1001").name == "Ana Silva"
    roster.learn("main", "1001", "Ana Costa", AT)
    roster.recall("main", Party(None, "1001", "Ana Silva", "1001"))
    assert roster.agent("main", "1001").name == "Ana Costa"
