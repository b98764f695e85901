"""Secrets: a type that does not show itself, and the three places one may come from."""

import importlib.util
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from callbridge import hooks

MAX_FILE_BYTES: Final = 64 * 1024


class Secret:
    """A value that prints as dots; `reveal()` where it is truly needed, and nowhere else."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "Secret(•••)"

    def __str__(self) -> str:
        return "•••"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> str | tuple[Any, ...]:
        raise TypeError("a Secret is not pickled")

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.is_instance_schema(cls, serialization=core_schema.to_string_ser_schema())


class SecretMistake(ValueError):
    """No secret could be had; the text says what is wrong and what to do, and never the value."""


@dataclass(frozen=True, slots=True)
class Found:
    """A secret and, when others can read it, the file they can read it in."""

    secret: Secret
    readable_by_others: Path | None


@dataclass(frozen=True, slots=True)
class Places:
    """Where secrets are looked for: the config file, and the environment (systemd's LoadCredential in it)."""

    config_file: Path
    environ: Mapping[str, str]

    def given(self, table: Mapping[str, Any], name: str) -> list[str]:
        """Return which of `name`, `name_file` and `name_env` stand in `table`."""
        return [key for key in (name, f"{name}_file", f"{name}_env") if key in table]

    def find(self, table: Mapping[str, Any], name: str) -> Found | None:
        """Return the secret `table` gives by one of the three keys; None when by none. Raises SecretMistake."""
        given = self.given(table, name)
        if not given:
            return None
        if len(given) > 1:
            raise SecretMistake(f"{' and '.join(given)} are given together; keep one of them")
        value = table[given[0]]
        if not isinstance(value, str):
            raise SecretMistake("must be text in quotes")
        readers = {name: self._in_place, f"{name}_file": self._from_file, f"{name}_env": self._from_env}
        return readers[given[0]](value)

    def exposed(self) -> Path | None:
        """Return the config file when everybody can read it."""
        return _if_exposed(self.config_file)

    def _in_place(self, value: str) -> Found:
        return Found(_secret(value, "the value"), self.exposed())

    def _from_env(self, name: str) -> Found:
        if name not in self.environ:
            raise SecretMistake(f"the environment variable {name} is not set; set it, or use …_file")
        return Found(_secret(self.environ[name], f"the environment variable {name}"), None)

    def _from_file(self, name: str) -> Found:
        candidates = self._candidates(name)
        path = next((path for path in candidates if os.path.lexists(path)), None)
        if path is None:
            folders = " nor in ".join(str(path.parent) for path in candidates)
            raise SecretMistake(f"there is no {Path(name).name} in {folders}; create it, readable by callbridge only")
        return Found(_secret(_read(path), str(path)), _if_exposed(path))

    def _candidates(self, name: str) -> list[Path]:
        if Path(name).is_absolute():
            return [Path(name)]
        credentials = self.environ.get("CREDENTIALS_DIRECTORY")
        folders = [Path(credentials)] if credentials else []
        return [folder / name for folder in (*folders, self.config_file.absolute().parent)]


def check_webhook_key(secret: Secret) -> None:
    """Raise SecretMistake unless a webhook can be signed with it, as Standard Webhooks asks."""
    try:
        hooks.check_secret(secret.reveal())
    except ValueError as mistake:
        raise SecretMistake(str(mistake)) from None
    if secret.reveal().startswith(hooks.PRIVATE_KEY) and importlib.util.find_spec("cryptography") is None:
        raise SecretMistake("is an ed25519 key, which needs the package cryptography; install callbridge[ed25519]")


def _secret(text: str, where: str) -> Secret:
    value = text.strip()
    if not value:
        raise SecretMistake(f"{where} is empty; write the secret into it")
    if any(letter in value for letter in "\r\n\0"):
        raise SecretMistake(f"{where} holds more than one line; a secret is one line")
    return Secret(value)


def _read(path: Path) -> str:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise SecretMistake(f"{path} is not a plain file; name the file that holds the secret")
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise SecretMistake(f"{path} cannot be read: {error.strerror}; let callbridge's user read it") from None
    if len(data) > MAX_FILE_BYTES:
        raise SecretMistake(f"{path} is longer than {MAX_FILE_BYTES} bytes; is it the right file?")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise SecretMistake(f"{path} is not UTF-8 text; is it the right file?") from None


def _if_exposed(path: Path) -> Path | None:
    try:
        return path if path.stat().st_mode & stat.S_IROTH else None
    except OSError:
        return None
