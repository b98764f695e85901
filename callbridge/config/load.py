"""From the file to a `Config`: read it, find the secrets, check everything, tell all mistakes at once."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import ValidationError

from callbridge import logs
from callbridge.config import database_url, file, models, notice, rules
from callbridge.config.mistakes import Notes, in_order
from callbridge.config.secret import Places
from callbridge.config.words import meant
from callbridge.errors import ConfigError


def load(path: Path, *, environ: Mapping[str, str]) -> models.Config:
    """Return the configuration in `path`, its secrets read and hidden from the logs.

    Raises ConfigError with every mistake, in the order of the file.
    """
    return _load(path, environ, models.Config)


def load_worker(path: Path, *, environ: Mapping[str, str]) -> models.Config:
    """Return the same for a worker, which needs a stream, and hears no PBX. Raises ConfigError."""
    config = _load(path, environ, models.WorkerConfig)
    if config.stream is None:
        raise ConfigError((f"{path}:1: stream: is missing; a worker takes events from there: add it under [stream]",))
    return config


def load_either(path: Path, *, environ: Mapping[str, str]) -> models.Config:
    """Return the configuration of a daemon, or of a worker: one that has a stream and no PBX. Raises ConfigError."""
    table = file.read(path).table
    of_worker = "stream" in table and "pbx" not in table
    return load_worker(path, environ=environ) if of_worker else load(path, environ=environ)


def _load(path: Path, environ: Mapping[str, str], model: type[models.Config]) -> models.Config:
    source = file.read(path)
    places, notes = Places(path, environ), Notes(path, source.lines)
    rules.put_in_secrets(source.table, places, notes)
    rules.put_in_database_url(source.table, source.table.get("data_dir", models.DEFAULT_DATA_DIR), places, notes)
    rules.put_in_cel_urls(source.table, places, notes)
    rules.tell_twins(source.table, notes)
    rules.tell_halves(source.table, notes)
    rules.tell_stream(source.table, notes)
    rules.tell_sources(source.table, notes)
    notice.tell_mistakes(source.table, notes)
    config = _validated(source.table, notes, model)
    for secret in _secrets(config):
        logs.hide(secret)
    rules.tell_risks(config, notes)
    return models.loaded(config, path, source.lines, in_order(notes.warnings))


def _validated(raw: file.Raw, notes: Notes, model: type[models.Config]) -> models.Config:
    try:
        config = model.model_validate(raw)
    except ValidationError as error:
        notes.refused(error, model)
    if notes.mistakes:
        raise ConfigError(in_order(notes.mistakes))
    return config


def _secrets(config: models.Config) -> Iterator[str]:
    """Yield every secret as it may turn up in a log line, the database's both bare and as its URL writes it."""
    for pbx in config.pbx:
        yield pbx.ami.secret.reveal()
        if pbx.ari:
            yield pbx.ari.password.reveal()
        if pbx.cel and pbx.cel.url:
            yield from database_url.passwords_in(pbx.cel.url.reveal())
    for webhook in config.webhook:
        held = (webhook.secret, webhook.old_secret, *webhook.headers.values())
        yield from (secret.reveal() for secret in held if secret is not None)
    for lookup in config.directory.lookup:
        yield from (secret.reveal() for secret in (lookup.secret, *lookup.headers.values()) if secret is not None)
    yield from database_url.passwords_in(config.database.url.reveal())
    if config.stream is not None:
        held = (config.stream.password, config.stream.token)
        yield from (secret.reveal() for secret in held if secret is not None)
    if config.notice.password is not None:
        yield config.notice.password.reveal()


def load_profiles(path: Path) -> tuple[models.PbxNumbers, ...]:
    """Return what `path` says of each PBX's numbers; it may be a whole configuration or [[pbx]] tables alone.

    Needs no secret and no other file. Raises ConfigError.
    """
    source = file.read(path)
    notes = Notes(path, source.lines)
    for key in source.table.keys() - models.Config.model_fields.keys():
        notes.mistake((key,), f"is an unknown key{meant(key, models.Config.model_fields) or '; take it out'}")
    profiles = [_profile(table, place, notes) for place, table in file.tables(source.table, "pbx")]
    if not profiles:
        notes.mistake(("pbx",), "is missing; describe the PBX in a table [[pbx]]")
    rules.tell_twins(source.table, notes)
    if notes.mistakes:
        raise ConfigError(in_order(notes.mistakes))
    return tuple(profile for profile in profiles if profile)


def load_limits(path: Path) -> models.Limits:
    """Return the limits `path` sets for calls, as `load_profiles` does. Raises ConfigError."""
    source = file.read(path)
    try:
        return models.Limits.model_validate(source.table.get("limits", {}))
    except ValidationError as error:
        notes = Notes(path, source.lines)
        notes.refused(error, models.Limits, within=("limits",))
        raise ConfigError(in_order(notes.mistakes)) from None


def _profile(table: file.Raw, place: tuple[str | int, ...], notes: Notes) -> models.PbxNumbers | None:
    known = {key: value for key, value in table.items() if key not in ("ami", "ari", "cel")}
    try:
        return models.PbxNumbers.model_validate(known)
    except ValidationError as error:
        notes.refused(error, models.PbxNumbers, within=place)
        return None


def data_dir_of(path: Path) -> Path:
    """Return the data folder `path` names, whatever else is wrong in it. Raises ConfigError."""
    data_dir = file.read(path).table.get("data_dir", str(models.DEFAULT_DATA_DIR))
    if not isinstance(data_dir, str):
        raise ConfigError((f"{path}:1: data_dir: must be an absolute path in quotes",))
    return Path(data_dir)
