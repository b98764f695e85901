"""An independent client reads the same wire as an oracle. It decodes what it is given at once, so it gets it whole."""

from pathlib import Path

import pytest
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.message import Message as TheirMessage

from callbridge.asterisk.ami.wire import AmiParser, Message, serialise

CAPTURE = Path(__file__).with_name("cyrillic_name.ami").read_bytes()  # Asterisk 22.10.1, read = all, a plain call


class Oracle(AMIProtocol):  # type: ignore[misc]  # panoramisk has no types
    def __init__(self) -> None:
        self.connection_made(None)
        self.encoding = "utf-8"
        self.heard: list[TheirMessage] = []

    def handle_message(self, message: TheirMessage) -> None:
        self.heard.append(message)


def as_they_tell(message: Message) -> dict[str, str | list[str]]:
    """Our message in their shape: repeated headers as a list, keys in small letters, no empty last header.

    They strip a whole message, and with it the blank that makes a last empty header one.
    """
    told: dict[str, list[str]] = {}
    for key, value in message.headers:
        told.setdefault(key.lower(), []).append(value)
    if not message.headers[-1][1]:
        del told[message.headers[-1][0].lower()]
    return {key: values[0] if len(values) == 1 else values for key, values in told.items()}


def test_both_read_the_same_in_a_real_capture() -> None:
    oracle = Oracle()
    oracle.data_received(CAPTURE)
    ours = AmiParser().receive(CAPTURE)
    assert len(ours) > 80
    assert [as_they_tell(message) for message in ours] == [
        {key.lower(): value for key, value in message.items() if key != "content"} for message in oracle.heard
    ]


def test_the_name_they_lose_in_small_reads_we_keep() -> None:
    parser = AmiParser()
    cut = [m for at in range(0, len(CAPTURE), 11) for m in parser.receive(CAPTURE[at : at + 11])]
    assert cut == AmiParser().receive(CAPTURE)
    assert any(message.get("CallerIDName") == "Иван " * 8 + "Ива" for message in cut)
    assert not parser.oddities.counts


@pytest.mark.parametrize("value", ["plain", "sip:201@host:5060", "a: b", "Иван", "<unknown>", '"quoted"'])
def test_both_read_what_we_write(value: str) -> None:
    data = serialise("Originate", [("Variable", value)], action_id="cb-1").replace(b"Action: ", b"Event: ", 1)
    oracle = Oracle()
    oracle.data_received(data)
    (ours,) = AmiParser().receive(data)
    assert oracle.heard[0]["Variable"] == ours["Variable"] == value
