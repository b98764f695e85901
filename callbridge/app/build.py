"""From the configuration to what each part wants to be told."""

import ssl
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta, tzinfo
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from callbridge.app.expiring import Kept
from callbridge.asterisk.ami.settings import AmiSettings, AmiTls, Login, Patience
from callbridge.asterisk.ari.settings import AriSettings
from callbridge.asterisk.from_ami import FILTERS, NEEDLESS
from callbridge.calls.call import Direction, Limits
from callbridge.calls.missed import MissedRules
from callbridge.calls.numbers import PbxProfile
from callbridge.clock import Clock
from callbridge.config import Ami, Ari, Config, Delivery, Http, PbxNumbers, Secret, Stream, Webhook
from callbridge.config import Limits as LimitsTable
from callbridge.config import Lookup as LookupTable
from callbridge.config import Missed as MissedTable
from callbridge.delivery.pace import Pace
from callbridge.delivery.subscriber import Subscriber
from callbridge.directory.directory import Directory, Ways
from callbridge.directory.e164 import number_plan
from callbridge.directory.ladder import ladder
from callbridge.directory.lookup import Lookup
from callbridge.directory.own import Own
from callbridge.directory.settings import Keeping, LookupSettings, carrying
from callbridge.directory.source import Rung, Source
from callbridge.errors import CallbridgeError
from callbridge.hooks import Order
from callbridge.ports.customers import Customers
from callbridge.stream.settings import StreamSettings

NO_SERIES: Final[Mapping[str, int]] = {}


def profile(pbx: PbxNumbers, series: int = 0) -> PbxProfile:
    """Return how a PBX's numbers are read, and its calls numbered."""
    return PbxProfile(
        pbx.id,
        pbx.outside_prefix,
        tuple(pbx.extensions),
        tuple(pbx.trunks),
        ZoneInfo(pbx.timezone),
        str(pbx.recordings_dir),
        series=series,
        to_e164=number_plan(pbx.country),
    )


def profiles(
    pbxs: Iterable[PbxNumbers], *, measures: bool = False, series: Mapping[str, int] = NO_SERIES
) -> Mapping[str, PbxProfile]:
    """Return the profiles of some PBXs by their ids; with `measures`, somebody looks at their recordings."""
    return {pbx.id: replace(profile(pbx, series.get(pbx.id, 0)), measures=measures) for pbx in pbxs}


def live_profiles(config: Config, series: Mapping[str, int]) -> Mapping[str, PbxProfile]:
    """Return the profiles of a daemon's PBXs: somebody looks at recordings, and the directory is asked."""
    table = config.directory
    known = profiles(config.pbx, measures=True, series=series)
    directions = frozenset(map(Direction, table.register_directions))
    return {
        pbx: replace(each, asks=bool(table.sources), registers=directions, register_type=table.register_type)
        for pbx, each in known.items()
    }


def zones(pbxs: Iterable[PbxNumbers]) -> Mapping[str, tzinfo]:
    """Return where some PBXs stand, by their ids."""
    return {pbx.id: ZoneInfo(pbx.timezone) for pbx in pbxs}


def unknown_profile(pbx: str) -> PbxProfile:
    """Return how the numbers of a PBX are read that no configuration names: what begins with + is public."""
    return PbxProfile(pbx, to_e164=number_plan("ZZ"))


def missed_rules(table: MissedTable) -> MissedRules:
    """Return what counts as missed, and what as made good."""
    return MissedRules(table.ivr, table.shortest_s, recovered_when_dialled=table.recovered_when == "dialled")


def missed_kept(table: MissedTable) -> Kept:
    """Return how long the missed list is kept."""
    return Kept(timedelta(days=table.expire_after_days), timedelta(days=table.keep_days))


def limits(table: LimitsTable) -> Limits:
    """Return how long calls may go on."""
    return Limits(table.inbound_s, table.outbound_s, table.internal_s, dict(table.queues))


def ami_settings(ami: Ami, *, needed: bool = True) -> AmiSettings:
    """Return the way to a PBX over AMI; where not only what is `needed` is read, all is that the PBX sends."""
    tls = AmiTls(ami.tls_ca, ami.tls_verify) if ami.tls else None
    login = Login(
        ami.username,
        SecretStr(ami.secret.reveal()),
        filters=FILTERS if ami.event_filter else (),
        needless=NEEDLESS if needed else None,
    )
    patience = Patience(ping_interval_s=ami.ping_interval_s, ping_deadline_s=ami.ping_deadline_s)
    return AmiSettings(ami.host, login, ami.port, tls, patience, max_backlog=ami.queue_max)


def ari_settings(ari: Ari) -> AriSettings:
    """Return the way to a PBX over ARI."""
    return AriSettings(url=ari.url, username=ari.username, password=ari.password, app=ari.app, ca_file=ari.tls_ca)


def subscribers(webhooks: Iterable[Webhook]) -> tuple[Subscriber, ...]:
    """Return who is told of events."""
    return tuple(
        Subscriber(
            each.name,
            each.url,
            each.secret.reveal(),
            events=tuple(each.events),
            old_secret=each.old_secret.reveal() if each.old_secret is not None else None,
            pbxs=tuple(each.pbxs),
            queues=tuple(each.queues),
            order=Order(each.order),
            headers=tuple((name, value.reveal()) for name, value in each.headers.items()),
            allow_private=each.allow_private,
            allow_networks=tuple(each.allow_networks),
            timeout_s=each.timeout_s,
            concurrency=each.concurrency,
            rate=each.rate_per_s,
        )
        for each in webhooks
        if each.enabled
    )


def pace(delivery: Delivery) -> Pace:
    """Return how long a failing subscriber is borne, and what is kept for how long."""
    return Pace(
        disable_after=timedelta(days=delivery.disable_after_days),
        disable_tries=delivery.disable_after_tries,
        keep_tries=timedelta(days=delivery.keep_tries_days),
        keep_waiting=timedelta(days=delivery.keep_waiting_days),
        keep_dead=timedelta(days=delivery.keep_dead_letters_days),
    )


def directory(config: Config, customers: Customers, clock: Clock) -> Directory:
    """Return who is asked whose number it is. Open it as a context before it is asked."""
    return Directory(*directory_parts(config, customers, clock))


def directory_parts(
    config: Config, customers: Customers, clock: Clock
) -> tuple[Sequence[Source], Sequence[Rung], Ways]:
    """Return what a directory goes by."""
    table, own = config.directory, Own(customers)
    keeping = Keeping(known_s=table.cache_s, unknown_s=table.cache_unknown_s, size=table.cache_size)
    crms = {each.name: Lookup(look_up_settings(each), keeping, clock) for each in table.lookup}
    sources = [crms.get(name, own) for name in table.sources]
    countries = {pbx.id: pbx.country for pbx in config.pbx}
    return sources, ladder(sources), Ways(directory_country(config), countries, table.customer_url)


def directory_country(config: Config) -> str:
    """Return the country of customers' numbers that are written without one."""
    return config.directory.country or next((pbx.country for pbx in config.pbx), "ZZ")


def look_up_settings(table: LookupTable) -> LookupSettings:
    """Return the way to a CRM that is asked."""
    headers = {name: value.reveal() for name, value in table.headers.items()}
    secret = carrying(table.secret.reveal(), table.secret_header) if table.secret is not None else {}
    return LookupSettings(
        name=table.name,
        url=table.url,
        headers={**headers, **secret},
        tls_ca=table.tls_ca,
        deadline_s=table.deadline_s,
        concurrency=table.concurrency,
        rest_after=table.rest_after,
        rest_s=table.rest_s,
    )


def stream_settings(stream: Stream) -> StreamSettings:
    """Return the way to NATS."""
    return StreamSettings(
        stream.url,
        stream.name,
        user=stream.user,
        password=_hidden(stream.password),
        token=_hidden(stream.token),
        credentials=stream.credentials_file,
        tls_ca=stream.tls_ca,
        replicas=stream.replicas,
        max_bytes=stream.max_mb * MEGABYTE,
    )


MEGABYTE: Final = 1024 * 1024


def _hidden(secret: Secret | None) -> SecretStr | None:
    return None if secret is None else SecretStr(secret.reveal())


def http_tls(http: Http) -> ssl.SSLContext | None:
    """Return what HTTP is encrypted with; None where it is not. Raises CallbridgeError where the files are no good."""
    if http.tls_cert_file is None or http.tls_key_file is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    read_certificate(context, http)
    return context


def read_certificate(context: ssl.SSLContext, http: Http) -> None:
    """Have connections from now on see the certificate as it is in its file. Raises CallbridgeError."""
    if http.tls_cert_file is None or http.tls_key_file is None:
        return
    try:
        context.load_cert_chain(http.tls_cert_file, http.tls_key_file)
    except (OSError, ssl.SSLError) as error:
        why = error.reason if isinstance(error, ssl.SSLError) else error.strerror
        files = f"{http.tls_cert_file} and {http.tls_key_file}"
        raise CallbridgeError(f"[http] cannot use {files}: {why}. {TLS_ADVICE}") from None


TLS_ADVICE: Final = "They must be PEM, belong together, and be readable by callbridge's user."


def own_addresses(config: Config) -> frozenset[tuple[str, int]]:
    """Return (host, port) of ourselves and of the PBXs: no webhook may lead there."""
    own = {(config.http.host, config.http.port)}
    for pbx in config.pbx:
        own.add((pbx.ami.host, pbx.ami.port))
        if pbx.ari is not None:
            url = urlsplit(pbx.ari.url)
            own.add((url.hostname or "", url.port or (443 if url.scheme == "https" else 80)))
    return frozenset(own)
