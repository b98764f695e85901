"""The calls that must be told right, row by row, and what shows those that no single scene can show."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

ROWS: Final[Mapping[int, str]] = {
    1: "Inbound, one phone, answered; the caller or the callee hangs up",
    2: "Inbound; the caller gives up while it rings",
    3: "Inbound; nobody answers, busy, rejected, offline, congestion",
    4: "Inbound to a ring group",
    5: "The same person on several devices",
    6: "Queue: it waits, two members ring, one answers",
    7: "Queue left unanswered: abandoned, timeout, empty, full, key",
    8: "Queue: a member rejects or does not pick up, another answers",
    9: "Queue with Local-channel members",
    10: "Queue times out into a second queue",
    11: "Outbound from a phone",
    12: "Internal, extension to extension",
    13: "Click-to-dial: the agent's phone first, then the customer",
    14: "System-placed call",
    15: "Hold and resume",
    16: "Blind transfer",
    17: "Attended transfer",
    18: "Blonde transfer: the transferrer leaves while the target rings",
    19: "Transfer of a queue call, and from IVR and queue",
    20: "Pick-up",
    21: "Forward",
    22: "Parking",
    23: "Conference and three-way",
    24: "Voicemail, IVR, announcement",
    25: "Names and withheld numbers",
    26: "Recording",
    27: "Two calls between the same two people at once",
    28: "The daemon starts while calls are up",
    29: "The daemon is killed and started again",
    30: "The AMI link is cut; Asterisk is restarted, or killed",
    31: "Two PBXs whose Uniqueids collide",
    32: "Events out of order, twice, or cut anywhere",
    33: "Calls that began and ended while the daemon was down",
    34: "Calls that go on for too long",
}


@dataclass(frozen=True)
class Shown:
    """Tests, as `folder/file::function` below tests/: beside a real Asterisk, and on tapes or stories alone."""

    live: tuple[str, ...] = ()
    alone: tuple[str, ...] = ()


_PAIRS: Final = "tapes/test_pairs"
_RESTARTS: Final = "live/test_restarts"
_DAEMON: Final = "faults/test_daemon_restarts"

_BACKFILL: Final = "live/test_backfill"

_GAPS: Final = (
    "test_a_call_that_goes_on_over_a_cut_is_told_as_if_nothing_had_been",
    "test_a_call_that_ends_in_the_cut_is_ended_after_it",
    "test_a_call_that_began_in_the_cut_is_adopted_with_all_that_can_be_known",
    "test_a_phone_that_is_answered_in_the_cut_is_told_once",
    "test_a_caller_who_is_answered_from_a_queue_in_the_cut_has_left_it",
    "test_whoever_a_call_was_handed_to_in_the_cut_has_it",
    "test_a_pbx_that_is_started_anew_has_none_of_its_calls",
)

BY_TESTS: Final[Mapping[int, Shown]] = {
    28: Shown(
        live=(
            f"{_RESTARTS}::test_a_daemon_that_starts_in_the_middle_adopts_the_call_and_tells_its_end",
            f"{_DAEMON}::test_a_call_that_began_while_nobody_listened_is_adopted",
        ),
        alone=(
            f"{_PAIRS}::test_a_daemon_that_first_starts_during_a_tape_adopts_its_calls",
            "tapes/test_gaps::test_who_begins_to_listen_anywhere_adopts_what_is_there_and_invents_nothing",
        ),
    ),
    29: Shown(
        live=(
            f"{_RESTARTS}::test_a_daemon_that_is_killed_between_two_steps_goes_on_as_if_nothing_had_been",
            f"{_RESTARTS}::test_a_daemon_that_is_dead_during_a_step_finds_out_what_became_of_the_call",
            f"{_DAEMON}::test_a_call_goes_on_as_itself_when_the_daemon_is_killed_while_it_rings",
        ),
        alone=(
            f"{_PAIRS}::test_a_daemon_that_starts_again_during_a_tape_tells_the_rest_of_it",
            f"{_PAIRS}::test_a_daemon_that_starts_again_and_asks_the_pbx_invents_nothing",
        ),
    ),
    30: Shown(
        live=(
            f"{_DAEMON}::test_a_call_that_ends_while_nobody_listens_is_told_as_ended",
            f"{_DAEMON}::test_a_pbx_that_dies_is_told_and_its_calls_with_it",
            *(f"live/test_gaps::{test}" for test in _GAPS),
        ),
        alone=(
            "tapes/test_gaps::test_a_gap_anywhere_loses_no_call_and_tells_nothing_twice",
            f"{_PAIRS}::test_a_tape_that_begins_anywhere_does_no_harm",
            "tapes/test_torn::test_a_torn_tape_breaks_nothing_and_leaves_no_call_up",
        ),
    ),
    31: Shown(
        live=(
            "live/test_two_pbxs::test_the_same_call_on_two_pbxs_is_two_calls",
            "live/test_two_pbxs::test_one_pbx_that_goes_away_takes_no_call_of_the_other_with_it",
        ),
        alone=("stories/test_pbxs_and_days::test_two_pbxs_whose_ids_collide_have_two_calls",),
    ),
    32: Shown(
        live=("live/test_mangled::test_what_is_cut_anywhere_said_twice_or_overtaken_is_told_the_same",),
        alone=(
            "properties/test_tapes::test_neighbours_that_asterisk_may_swap_may_be_swapped",
            "properties/test_tapes::test_phones_may_be_heard_before_they_are_said_to_be_dialled",
            "properties/test_tapes::test_what_is_said_twice_is_told_once",
            "properties/test_tapes::test_a_message_that_is_cut_off_anywhere_stops_nothing",
        ),
    ),
    33: Shown(
        live=(
            f"{_BACKFILL}::test_a_call_nobody_heard_is_told_as_if_it_had_been",
            f"{_BACKFILL}::test_a_call_that_ended_while_the_daemon_was_away_ends_as_it_did",
            f"{_BACKFILL}::test_a_call_that_was_answered_while_the_daemon_was_away_goes_on_as_answered",
            "live/test_backfill_tables::test_calls_are_told_from_a_sqlite_table",
            "live/test_backfill_tables::test_calls_are_told_from_a_table_of_cel_pgsql",
            "faults/test_backfill::test_a_backfill_that_is_killed_again_and_again_tells_each_call_once",
        ),
        alone=(
            "cel/test_pairs::test_the_log_and_the_tape_of_a_scene_tell_the_same",
            "stories/test_told_afterwards::test_the_rest_of_a_story_is_told_from_the_log",
        ),
    ),
}
"""Rows about what happens to the daemon or the PBX during any call."""
