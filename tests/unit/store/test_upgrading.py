"""Alembic is left out where there is nothing to upgrade; so what is known without it must be what it knows."""

import subprocess
import sys

import pytest
from alembic.script import ScriptDirectory

from callbridge.store.schema import VERSIONS, read_state, steps


def test_the_steps_we_know_by_their_names_are_alembics() -> None:
    script = ScriptDirectory(VERSIONS.parent)

    assert steps() == {step.revision for step in script.walk_revisions()}
    assert read_state(None).newest == script.get_current_head()


@pytest.mark.patient
def test_nothing_is_imported_that_a_start_can_do_without() -> None:
    """They took a third of the time in which no call is heard."""
    code = "import sys, callbridge.cli, callbridge.app; print({'alembic', 'sqlalchemy.orm'} & sys.modules.keys())"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)

    assert told.stdout == "set()\n"
