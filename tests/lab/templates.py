"""Config files with holes: `@{name}`, a mark neither Asterisk's dialplan nor baresip uses."""

import re
from collections.abc import Mapping
from pathlib import Path


def furnish(folder: Path, templates: Path, values: Mapping[str, object]) -> None:
    """Write each of `templates`' files, filled in, into `folder`.

    Raises:
        KeyError: a file has a hole that `values` does not fill.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for template in templates.iterdir():
        text = re.sub(r"@\{(\w+)\}", lambda hole: str(values[hole[1]]), template.read_text())
        (folder / template.name).write_text(text)
