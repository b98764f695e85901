"""README.md's snippets, as an admin copies them."""

import re
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
README: Final = (ROOT / "README.md").read_text(encoding="utf-8")

_BLOCK: Final = re.compile(r"^```\w+\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)


def snippet(file: str) -> str:
    """Return the block whose first line is a comment that names `file`: `/etc/asterisk/manager.conf`."""
    found = [text for text in _BLOCK.findall(README) if text.partition("\n")[0].lstrip(";# ") == file]
    assert len(found) == 1, f"README.md has {len(found)} blocks of {file}"
    return str(found[0])


def filled(text: str, values: dict[str, str]) -> str:
    """Return `text` with lines put in place of others: `{"bindaddr = 127.0.0.1": "bindaddr = 127.77.0.1"}`."""
    for line, other in values.items():
        assert text.count(f"{line}\n") == 1, f"{line!r} stands {text.count(line)} times in:\n{text}"
        text = text.replace(f"{line}\n", f"{other}\n")
    return text
