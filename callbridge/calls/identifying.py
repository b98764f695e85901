"""What the directory and people say of whom a call is with, and the customers that are made of unknown callers."""

import hashlib
from datetime import datetime

from callbridge.calls import recording_files
from callbridge.calls.call import Call
from callbridge.calls.customer import Customer, Known, Match, Matched
from callbridge.calls.enquiries import outsider
from callbridge.calls.events import EventType
from callbridge.calls.facts import CustomerChosen, DirectoryAnswered
from callbridge.calls.frozen import replace
from callbridge.calls.numbers import PbxProfile
from callbridge.calls.open_call import OpenCall
from callbridge.calls.switchboard import Registered, Switchboard


def answered(board: Switchboard, fact: DirectoryAnswered) -> None:
    """Tell of every call that waited for it whom it is with."""
    for call_id in board.enquiries.answered((fact.pbx, fact.number), fact.known):
        work = board.remembered(call_id)
        if work is not None:
            _answered_for(board, work, fact)


def _answered_for(board: Switchboard, work: OpenCall, fact: DirectoryAnswered) -> None:
    work.call = replace(work.call, customer=fact.known)
    profile = board.profile(fact.pbx)
    if fact.known.match is Match.NONE and not fact.failed and registers(profile, work.call):
        customer = register(board, work.call, fact.number, fact.at, profile.register_type)
        work.call = replace(work.call, customer=Known(Match.ONE, customer))
        board.tell(work, EventType.CUSTOMER_CREATED, fact.at, customer=customer)
    _updated(board, work, fact.at)


def _updated(board: Switchboard, work: OpenCall, at: datetime, **details: object) -> None:
    board.tell(work, EventType.CALL_UPDATED, at, changed=("customer",), **details)
    if work.call.id in board.settling and recording_files.all_settled(work):
        board.settled(work)


def registers(profile: PbxProfile, call: Call) -> bool:
    """Tell whether an unknown caller is made a customer: whose number is public, in a direction that was chosen."""
    party = outsider(call)
    return call.direction in profile.registers and party is not None and party.number is not None


def register(board: Switchboard, call: Call, number: str, at: datetime, kind: str | None) -> Customer:
    """Make a customer of whoever has a number. Its id comes of the number, so that nobody is made twice."""
    party = outsider(call)
    digest = hashlib.sha256(number.encode()).hexdigest()[:20]
    name = (party.name if party is not None else None) or number
    customer = Customer(f"callbridge-{digest}", name, kind, matched=Matched.REGISTERED, source="own")
    board.registered[customer.id] = Registered(customer, number, at)
    return customer


def chosen(board: Switchboard, fact: CustomerChosen) -> None:
    """Tell that a person said whom a call is with, while it goes on or afterwards."""
    known = Known(Match.NONE, by=fact.by)
    if fact.customer is not None:
        known = Known(Match.ONE, replace(fact.customer, matched=Matched.CHOSEN), by=fact.by)
    work = board.remembered(fact.call_id)
    if work is not None:
        board.enquiries.forget(work)
        work.call = replace(work.call, customer=known)
        _updated(board, work, fact.at, by=fact.by)
    elif fact.told is not None:
        call = replace(fact.told, customer=known, sequence=fact.told.sequence + 1)
        board.tell_amended(call, EventType.CALL_UPDATED, fact.at, changed=("customer",), by=fact.by)
    else:
        board.odd("choice for an unknown call")
