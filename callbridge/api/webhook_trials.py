"""`/v1/webhooks/{name}/test`: a sample of an event, and what came of it."""

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from callbridge.api.problems import Kind, invalid
from callbridge.api.resources import Input, Output, Resource
from callbridge.api.scopes import Scope
from callbridge.api.words import Stamp
from callbridge.calls.events import EventType
from callbridge.errors import ConfigError
from callbridge.hooks import check_secret, http_url, meant
from callbridge.trials import SAMPLED, Candidate, Result, Trial, Trials

KINDS = tuple(map(str, SAMPLED))


def sampled(text: str) -> str:
    """Return `text` when there is a sample of that type."""
    if text not in KINDS:
        raise ValueError(f'there is no sample of "{text}"{meant(text, KINDS)}')
    return text


def _secret(secret: SecretStr) -> SecretStr:
    check_secret(secret.get_secret_value())
    return secret


SampledType = Annotated[
    str, AfterValidator(sampled), Field(description="Of the sample.", json_schema_extra={"enum": list(KINDS)})
]


class TestedPath(Input):
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$")]


class Sample(Input):
    type: SampledType = EventType.CALL_ENDED.value


class CandidateSample(Sample):
    url: Annotated[str, Field(max_length=2000), AfterValidator(http_url)]
    secret: Annotated[SecretStr, AfterValidator(_secret), Field(max_length=200)]
    allow_private: bool = False


class TrialAnswer(Output):
    """What came of a sample."""

    event: str = Field(description="Its `webhook-id`, `evt_test_…`: another each time.")
    type: str
    at: Stamp
    delivered: bool
    result: Result = Field(description="How far it got, or how it was answered, in a word that never changes.")
    said: str = Field(description="The same for people.")
    advice: str | None = Field(description="What to do about it.")
    status: int | None = Field(description="Of the answer; null where none came.")
    ms: int
    answer: str | None = Field(description="The first bytes of the answer's body, made printable.")


def resources(trials: Trials) -> tuple[Resource, ...]:
    """Return the resources of samples."""

    async def of_one(path: TestedPath, body: Sample) -> TrialAnswer:
        return _shown(await trials.of(path.name, EventType(body.type)))

    async def of_candidate(body: CandidateSample) -> TrialAnswer:
        candidate = Candidate(body.url, body.secret.get_secret_value(), body.allow_private)
        try:
            return _shown(await trials.at(candidate, EventType(body.type)))
        except ConfigError as error:
            raise invalid("secret", str(error)) from None

    writing = Scope.WEBHOOKS_WRITE
    return (
        Resource(
            "POST", "/webhooks/{name}/test", of_one, writing,
            "Send a sample at once and say what came back; paused ones get it too, and nothing else changes.",
            answer=TrialAnswer, problems=(Kind.NOT_FOUND,),
        ),
        Resource(
            "POST", "/webhook-trials", of_candidate, Scope.ADMIN,
            "Send a sample to where nobody subscribes yet.", answer=TrialAnswer, local_only=True,
        ),
    )  # fmt: skip


def _shown(trial: Trial) -> TrialAnswer:
    return TrialAnswer(
        event=trial.event_id,
        type=trial.type,
        at=trial.at,
        delivered=trial.taken,
        result=trial.result,
        said=trial.said,
        advice=trial.advice or None,
        status=trial.status,
        ms=trial.ms,
        answer=trial.answer,
    )
