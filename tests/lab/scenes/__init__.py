"""Calls as people make them: each scene drives phones around a PBX, and says nothing of what is told about it.

A scene is both what a tape is recorded from and what a live test begins with.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from tests.lab.room import Room

Scene = Callable[[Room], Awaitable[None]]

SCENES: Final[dict[str, Scene]] = {}
"""By name; the number in front is the scenario's."""


def scene(name: str) -> Callable[[Scene], Scene]:
    def register(play: Scene) -> Scene:
        assert name not in SCENES, f"two scenes named {name}"
        SCENES[name] = play
        return play

    return register
