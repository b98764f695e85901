import pytest

from tests.stories.story import Story


@pytest.fixture
def story() -> Story:
    return Story()
