import pytest

from callbridge.asterisk.ami.message import Message
from callbridge.asterisk.privileges import unheard


def config(*lines: str) -> Message:
    """GetConfig's answer as Asterisk 22 gives it."""
    told = ((f"Line-000000-{place:06}", line) for place, line in enumerate(lines))
    return Message.of(("Response", "Success"), ("Category-000000", "callbridge"), *told)


@pytest.mark.parametrize(
    ("read", "missing"),
    [
        ("system,call,agent,dialplan", ()),
        ("system, call , agent,DIALPLAN,user", ()),
        ("all", ()),
        ("call,agent", ("dialplan",)),
        ("none", ("call", "agent", "dialplan")),
    ],
)
def test_what_may_not_be_heard_is_found_in_the_users_section(read: str, missing: tuple[str, ...]) -> None:
    assert unheard(config("secret=hush", f"read={read}", "write=system")) == missing


def test_the_last_line_counts_as_it_does_for_asterisk() -> None:
    assert unheard(config("read=all", "read=call,agent,dialplan,system")) == ()
    assert unheard(config("read=all", "read=call")) == ("agent", "dialplan")


def test_a_section_without_the_line_tells_nothing() -> None:
    """It may stand in a template, or the user in a database."""
    assert unheard(config("secret=read=all")) is None
