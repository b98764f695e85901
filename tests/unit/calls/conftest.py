"""A telephone exchange made of words, for what is no story of a call but of the PBX and the link to it."""

import pytest

from tests.stories.story import Story


@pytest.fixture
def story() -> Story:
    return Story()
