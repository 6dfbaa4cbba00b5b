"""Scores, what they are made of and the runs that gave them: the shape of each reply, as OpenAPI shows it."""

from datetime import datetime
from typing import Any

from ninja import Schema
from pydantic import Field

from scheduling.api.replies import Envelope
from validators.api.documents import NEXT_CURSOR
from validators.api.words import METHOD, METHOD_VERSION, ScoringRunStatus


class ScoreDocument(Schema):
    """What one run said of one validator."""

    scoring_run: int = Field(description="The key of the run, as in /scoring-runs")
    scored_at: datetime = Field(description="When that run ended, UTC")
    epoch: int | None = Field(description="The running epoch of the picture that was scored")
    method: str = Field(description=METHOD)
    version: str = Field(description=METHOD_VERSION)
    score: float = Field(description="0 to 100")
    rank: int = Field(description="1 is best; equals share a rank")


class PartDocument(Schema):
    """One explained part of a score; the points of all parts make the score."""

    name: str = Field(description="Of the part; each method has its own")
    value: float | None = Field(description="What was seen, in the unit of the part; null is unknown")
    typical: float | None = Field(description="The cluster's median, or what an ideal validator has")
    weight: float = Field(description="The most that it can move")
    points: float = Field(description="What it adds to the score; negative takes away")
    sentence: str = Field(description="What it means, for people")


class ScoreBreakdown(ScoreDocument):
    """A score with what it is made of."""

    parts: list[PartDocument] = Field(description="Empty when this version of the method explains nothing")
    components: dict[str, Any] = Field(description="What the method stored; its shape is the method's own")


class ScoreReply(Envelope):
    """One validator's newest score."""

    vote_account: str = Field(description="Base58; the validator's key")
    score: ScoreBreakdown | None = Field(description="Null while the newest run has none for this validator")


class ScoreList(Envelope):
    """A page of one validator's scores."""

    vote_account: str = Field(description="Base58; the validator's key")
    items: list[ScoreDocument] = Field(description="The newest run first")
    next_cursor: str | None = Field(description=NEXT_CURSOR)


class ScoringRunDocument(Schema):
    """One application of a method to a picture of the cluster."""

    id: int = Field(description="Its key, larger than those before")
    method: str = Field(description=METHOD)
    version: str = Field(description=METHOD_VERSION)
    epoch: int | None = Field(description="The running epoch of the picture that was scored")
    status: ScoringRunStatus = Field(description="What became of it")
    reason: str | None = Field(description="Why there are no scores")
    scored: int = Field(description="How many validators it scored")
    started_at: datetime = Field(description="When it began, UTC")
    finished_at: datetime = Field(description="When its scores were stored, UTC")


class ScoringRunList(Envelope):
    """A page of runs."""

    items: list[ScoringRunDocument] = Field(description="The newest first")
    next_cursor: str | None = Field(description=NEXT_CURSOR)
