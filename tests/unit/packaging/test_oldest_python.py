"""What the oldest Python we run on cannot do, whichever one runs these tests."""

import re
from pathlib import Path

SOURCE = Path(__file__).parents[3] / "callbridge"
POSSESSIVE_GROUP = re.compile(r"\)(?:[*+?]|\{[\d,]+\})\+|\(\?>")
"""Right since 3.11.5 only (python/cpython#106052); Debian 12 has 3.11.2. A possessive character class is well."""


def test_no_pattern_repeats_a_group_possessively() -> None:
    patterns = [
        f"{file.relative_to(SOURCE)}: {line}"
        for file in SOURCE.rglob("*.py")
        for line in file.read_text().splitlines()
        if re.search(r"\b[rb]+[\"'].*[\"']", line) and POSSESSIVE_GROUP.search(line)
    ]

    assert patterns == []
