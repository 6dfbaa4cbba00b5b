"""Validators with what `include` adds to each, as OpenAPI shows them."""

from ninja import Schema
from pydantic import Field

from validators.api.documents import (
    NEXT_CURSOR,
    ScoredEnvelope,
    ValidatorDetail,
    ValidatorDocument,
)
from validators.api.epoch_documents import EpochDocument
from validators.api.pool_documents import PoolStakeDocument
from validators.api.score_documents import PartDocument


class RiskDocument(Schema):
    """The probability that the next epoch is a bad one, as the pages say it."""

    sentence: str = Field(description="What the score means")
    next: str = Field(description="`risk` in percent, for people")
    low: str = Field(description="`risk_low` in percent, for people: if what is unknown of it were good")
    high: str = Field(description="`risk_high` in percent, for people: if what is unknown of it were poor")
    within_ten_epochs: str = Field(description="`risk_ten_epochs` in percent, for people")


class Included(Schema):
    """Only there where `include` asks for it."""

    parts: list[PartDocument] | None = Field(
        None,
        description="With `include=parts`: what its score is made of. Empty without a score, or when this "
        "version of the method explains nothing",
    )
    risk_explained: RiskDocument | None = Field(
        None, description="With `include=risk`: its risk in words. Null where the method gives none"
    )
    pools: list[PoolStakeDocument] | None = Field(
        None,
        description="With `include=pools`: the stake pools that stake with it, the largest stake first, by "
        "the newest look at each; with `epoch`, in that one. Empty where none of those looked at does",
    )
    epochs: list[EpochDocument] | None = Field(
        None, description="With `include=epochs:N`: its newest N epochs, the newest first"
    )


class ListedValidator(ValidatorDocument, Included):
    """A validator of a list, with what `include` adds."""


class ExplainedDetail(ValidatorDetail, Included):
    """All that is known of one validator, with what `include` adds."""


class ValidatorList(ScoredEnvelope):
    """A page of validators."""

    unknown: list[str] = Field(
        description="Those of `vote_account` that no fetch ever saw, and of `identity` that are nobody's "
        "now; with `epoch`, of which nothing is stored in it. Not those that other filters leave out"
    )
    items: list[ListedValidator] = Field(description="In the order asked for")
    next_cursor: str | None = Field(description=NEXT_CURSOR)


class ValidatorReply(ScoredEnvelope):
    """One validator."""

    validator: ExplainedDetail = Field(description="As the newest fetch that held it saw it")
