"""Which failed runs are to begin anew, and what became of each."""

from typing import Annotated, Literal, Self

from ninja import Schema
from pydantic import ConfigDict, Field, model_validator

from scheduling.api.replies import Envelope
from scheduling.api.run_filters import LARGEST_KEY, WORDS, End, Instant
from scheduling.ledger.search import RunFilter
from scheduling.operations.retrying import MOST_RETRIED


class RetryRequest(Schema):
    """Either `ids`, or the filters of the list of runs, of which at least one."""

    model_config = ConfigDict(json_schema_extra={"example": {"ids": [4021, 4022]}, "minProperties": 1})

    ids: list[Annotated[int, Field(ge=1, le=LARGEST_KEY)]] = Field(
        [], max_length=MOST_RETRIED, description="Of failed runs"
    )
    schedule: str | None = Field(None, max_length=100, pattern=WORDS, description="Its name")
    state: list[Literal["failed"]] = Field([], max_length=1, description="No others are retried")
    since: Instant | None = Field(None, alias="from", description="Occurrences from then on")
    until: End | None = Field(None, alias="to", description="Occurrences up to then")
    host: str | None = Field(None, max_length=60, pattern=WORDS, description="For tokens that read")
    text: str | None = Field(None, max_length=200, pattern=WORDS, description="For tokens that read")

    @model_validator(mode="after")
    def _names_some(self) -> Self:
        filters = any((self.schedule, self.state, self.since, self.until, self.host, self.text))
        if bool(self.ids) == filters:
            raise ValueError("give either ids or filters; state: [failed] means all that failed")
        return self

    @property
    def wanted(self) -> RunFilter:
        return RunFilter(
            schedule=self.schedule or "",
            since=self.since,
            until=self.until,
            host=self.host or "",
            text=self.text or "",
        )


class RetryDocument(Schema):
    """What became of one run."""

    id: int = Field(description="The key of the run")
    run: str | None = Field(
        description="Its schedule and occurrence; null when it is not there, or not yours"
    )
    begins_anew: bool = Field(description="Whether it does")
    why_not: str | None = Field(description="Null when it begins anew")


class RetryReply(Envelope):
    """What became of all that were asked for."""

    retried: int = Field(description="How many begin anew")
    runs: list[RetryDocument] = Field(description="In the order asked for")
