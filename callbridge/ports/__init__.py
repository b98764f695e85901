"""What the middle of the house asks of the outside, as Protocols.

The pipeline and the delivery know these shapes only; `store` fulfils them, and
`app` puts both together.
"""

from callbridge.ports.access import Kept, KeptAnswer, KeptAnswers, Token, Tokens
from callbridge.ports.call_log import CallLog, CallQuery, LoggedCall
from callbridge.ports.cel import CelTable
from callbridge.ports.commits import Batch, LiveCall, Memory, Told
from callbridge.ports.customers import Choice, CustomerNumber, CustomerQuery, Customers, Found, KeptCustomer
from callbridge.ports.deliveries import STRICT, Attempt, Backlog, Due, Halt, Standing
from callbridge.ports.event_log import BEGINNING, EventLog, EventPage, Feed, LoggedEvent, Place
from callbridge.ports.missed import MissedFigures, MissedList, MissedQuery
from callbridge.ports.notices import Matter, Notice, NoticeFigures, NoticeResult, Notices, WaitingNotice
from callbridge.ports.outlets import Outlets
from callbridge.ports.shards import SHARDS, Leases, Shards, Worker, endings, shard_of, shard_of_strict
from callbridge.ports.store import Store
from callbridge.ports.webhooks import DeadLetter, DeadLetters, KeptWebhook, Try, Webhooks

__all__ = [
    "BEGINNING",
    "SHARDS",
    "STRICT",
    "Attempt",
    "Backlog",
    "Batch",
    "CallLog",
    "CallQuery",
    "CelTable",
    "Choice",
    "CustomerNumber",
    "CustomerQuery",
    "Customers",
    "DeadLetter",
    "DeadLetters",
    "Due",
    "EventLog",
    "EventPage",
    "Feed",
    "Found",
    "Halt",
    "Kept",
    "KeptAnswer",
    "KeptAnswers",
    "KeptCustomer",
    "KeptWebhook",
    "Leases",
    "LiveCall",
    "LoggedCall",
    "LoggedEvent",
    "Matter",
    "Memory",
    "MissedFigures",
    "MissedList",
    "MissedQuery",
    "Notice",
    "NoticeFigures",
    "NoticeResult",
    "Notices",
    "Outlets",
    "Place",
    "Shards",
    "Standing",
    "Store",
    "Token",
    "Tokens",
    "Told",
    "Try",
    "WaitingNotice",
    "Webhooks",
    "Worker",
    "endings",
    "shard_of",
    "shard_of_strict",
]
