"""A call that is in a car park."""

from tests.stories.someone import Someone
from tests.stories.story import Story


def parked(story: Story, *, name: str | None = "Ana Costa") -> tuple[Someone, Someone]:
    """Maria talks to Ana for 10 s, who parks her at 701."""
    maria = story.someone("912345678").calls("210000000")
    ana = story.someone("1001", name=name).rings()
    story.passes(seconds=2)
    ana.answers()
    story.passes(seconds=10)
    ana.parks(maria)
    return maria, ana
