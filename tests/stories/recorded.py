"""Calls that are recorded, and what is told of it."""

from collections.abc import Callable
from dataclasses import replace

from callbridge.calls import facts as f
from callbridge.calls.call import Recording
from callbridge.calls.tracker import Tracker
from tests.stories.someone import Someone
from tests.stories.story import Story, profile

FOLDER = "/var/spool/asterisk/monitor"


def talking(story: Story) -> tuple[Someone, Someone]:
    maria = story.someone("912345678").calls("210000000")
    ana = story.someone("1001", name="Ana Costa").rings()
    story.passes(seconds=2)
    ana.answers()
    return maria, ana


def is_recorded(who: Someone, file: str = f"{FOLDER}/x.wav") -> None:
    who._says(f.RecordingNamed, file)
    who._says(f.RecordingBegan)


def told(story: Story) -> list[str]:
    return [kind.removeprefix("recording.") for kind in story.heard if kind.startswith("recording.")]


def recording(story: Story) -> Recording:
    (only,) = story.call.recordings
    return only


def measuring() -> Story:
    """A story in which somebody looks at the files."""
    story = Story()
    story.tracker = Tracker({"main": replace(profile("main"), recordings_dir=FOLDER, measures=True)})
    return story


def found(story: Story, *recorded: tuple[Someone, str], others: tuple[Someone, ...] = ()) -> None:
    """Hear the PBX for the first time, or again: these are, or were, recorded to those files."""
    seen = [replace(who.as_seen(), recording=file) for who, file in recorded] + [one.as_seen() for one in others]
    story.says(f.LinkUp("main", story.now), f.StateRead("main", story.now, tuple(seen)))


def says_of(story: Story, kind: Callable[..., f.Fact], recording_id: str, *more: object) -> None:
    story.says(kind("main", story.now, recording_id, *more))
