"""Two scoring methods side by side, for programs."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Final

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Schema
from pydantic import AfterValidator, BaseModel, Field, WithJsonSchema

from scheduling.api import cursors
from scheduling.api.errors import ApiError, Problem
from scheduling.api.replies import Format, list_reply
from validators.api import words
from validators.api.answers import answer
from validators.api.documents import NAME_MARK, NEXT_CURSOR, ScoredEnvelope
from validators.api.pages import scored_envelope
from validators.api.parameters import LARGEST, TEXT, Page, one_of
from validators.reading.method_comparison import (
    ComparedByMethods,
    MethodChoice,
    MethodChoiceError,
    MethodComparison,
    chosen_methods,
    comparison_of,
    current_comparison,
    found_pairs,
    with_reasons,
)
from validators.reading.picture import picture_of_run
from validators.scoring.comparison import DEFAULT_SORT, SORTS, Pair, Reason, agreement, ordered
from validators.scoring.registry import METHODS

router = Router(tags=["validators"])

_SORTS: Final = tuple(name for key in SORTS for name in (key, f"-{key}"))


Sort = Annotated[
    str, AfterValidator(one_of(_SORTS, "order")), WithJsonSchema({"type": "string", "enum": list(_SORTS)})
]


# One that is no longer here cannot say why it placed anybody so.
ComparedMethod = Annotated[str, AfterValidator(one_of(METHODS, "scoring method"))]


class ComparisonQuery(Page):
    """Which methods, which validators, and in what order."""

    method: ComparedMethod | None = Field(
        None,
        max_length=50,
        pattern=TEXT,
        description="Default: the headline method, or the first that is left",
    )
    other: ComparedMethod | None = Field(
        None, max_length=50, pattern=TEXT, description="Default: the first of SCORE_METHODS that is left"
    )
    search: str = Field(
        "", max_length=100, pattern=TEXT, description="Part of a name, vote account or identity"
    )
    sort: Sort = Field(
        DEFAULT_SORT,
        description="`-` before it turns it round; unknown values come last. `disagreement` is the rank"
        " difference either way",
    )


class ComparisonPlace(BaseModel):
    """Behind which validator a page begins, and in which order of which two runs."""

    sort: str
    run: int = Field(ge=1, le=LARGEST)
    other_run: int = Field(ge=1, le=LARGEST)
    key: int = Field(ge=1, le=LARGEST)


class ReasonDocument(Schema):
    """A part that moves a score."""

    name: str = Field(description="Of the part; each method has its own")
    points: float = Field(description="Of the score")
    ahead: float = Field(description="Points more than in the middle of the cluster; negative is fewer")
    said: str = Field(description="What the part says, for people")


class ComparedDocument(Schema):
    """A validator by two methods."""

    vote_account: str = Field(description="Base58; the validator's key")
    identity: str = Field(description="Node key; may change, may own several vote accounts")
    name: str | None = Field(description="What it calls itself; never trusted")
    name_mark: words.NameMark | None = Field(description=NAME_MARK)
    rank: int | None = Field(description="By `method`; 1 is best, null where it was not scored")
    other_rank: int | None = Field(description="By `other_method`")
    rank_difference: int | None = Field(
        description="Places by which `method` puts it higher than `other_method`; negative is lower"
    )
    score: float | None = Field(description="By `method`, 0 to 100")
    other_score: float | None = Field(description="By `other_method`, 0 to 100")
    reasons: list[ReasonDocument] = Field(description="What sets its score by `method` apart, the most first")
    other_reasons: list[ReasonDocument] = Field(description="What sets its score by `other_method` apart")


class AgreementDocument(Schema):
    """How far the two methods agree on all that either scored."""

    both: int = Field(description="Scored by both")
    only_first: int = Field(description="Scored by `method` alone")
    only_other: int = Field(description="Scored by `other_method` alone")
    rank_correlation: float | None = Field(description="Spearman's, over the scores of those scored by both")
    top: int = Field(description="How many of the best `top_shared` looks at")
    top_shared: int = Field(description="How many are among the best of both, at most `top`")
    furthest_up: int = Field(description="Most places by which `method` puts one higher")
    furthest_down: int = Field(description="Most places by which `method` puts one lower")


class ComparisonList(ScoredEnvelope):
    """A page of validators by two methods."""

    other_method: str | None = Field(description="Which method the first is set beside")
    other_version: str | None = Field(description="The version of that method")
    other_scored_at: datetime | None = Field(description="When that method was applied, UTC")
    same_fetch: bool = Field(description="Whether both judged the same look at the cluster")
    agreement: AgreementDocument | None = Field(description="Null while either method has no completed run")
    items: list[ComparedDocument] = Field(description="In the order asked for")
    next_cursor: str | None = Field(description=NEXT_CURSOR)


@router.get("/scores/compare", response={200: ComparisonList, 400: Problem, 410: Problem})
def compare_scores(request: HttpRequest, query: Query[ComparisonQuery]) -> HttpResponse:
    """The newest scores of two methods, by default those first whose ranks differ most, and why.

    All pages behind one cursor are of the scores of its first.
    """
    return answer(request, query.format, lambda form: _page(request, query, form))


def _page(request: HttpRequest, query: ComparisonQuery, form: Format) -> HttpResponse:
    comparison, place = _comparison_and_place(query)
    every = ordered(comparison.pairs, sort=query.sort)
    found = found_pairs(_behind(every, place), query.search)
    shown = found[: query.limit]
    more = _cursor(shown[-1], comparison, query) if len(found) > len(shown) else None
    written = map(_document, with_reasons(comparison, shown))
    columns = list(ComparedDocument.model_fields)
    about = _about(comparison)
    return list_reply(request, written, columns=columns, form=form, about=about, next_cursor=more)


def _comparison_and_place(query: ComparisonQuery) -> tuple[MethodComparison, ComparisonPlace | None]:
    choice = _choice(query)
    if query.cursor is None:
        return current_comparison(choice), None
    place = cursors.read(query.cursor, ComparisonPlace)
    picture, other = picture_of_run(place.run), picture_of_run(place.other_run)
    if picture is None or other is None:
        raise ApiError(410, code="expired_cursor", detail="These scores were deleted; begin anew.")
    comparison = comparison_of(picture, other.scoring_run)
    if place.sort != query.sort or comparison.methods != (choice.method, choice.other):
        raise ApiError(
            400, code="invalid_cursor", detail="This cursor is of another order, or other methods."
        )
    return comparison, place


def _choice(query: ComparisonQuery) -> MethodChoice:
    try:
        return chosen_methods(query.method, query.other)
    except MethodChoiceError as exc:
        raise ApiError(422, code="same_method", detail=f"other: {exc}") from exc


def _behind(pairs: Sequence[Pair], place: ComparisonPlace | None) -> Sequence[Pair]:
    if place is None:
        return pairs
    at = next((number for number, pair in enumerate(pairs) if pair.key == place.key), None)
    if at is None:
        raise ApiError(400, code="invalid_cursor", detail="This cursor is none that this list gave out.")
    return pairs[at + 1 :]


def _cursor(pair: Pair, comparison: MethodComparison, query: ComparisonQuery) -> str | None:
    run, other = comparison.picture.scoring_run, comparison.other_run
    if run is None or other is None:
        return None
    return cursors.written(ComparisonPlace(sort=query.sort, run=run.pk, other_run=other.pk, key=pair.key))


def _about(comparison: MethodComparison) -> dict[str, Any]:
    other = comparison.other_run
    return {
        **scored_envelope(comparison.picture),
        "other_method": other.method if other else None,
        "other_version": other.version if other else None,
        "other_scored_at": other.finished_at if other else None,
        "same_fetch": comparison.of_one_fetch,
        "agreement": asdict(agreement(comparison.pairs)) if comparison.is_possible else None,
    }


def _document(row: ComparedByMethods) -> dict[str, Any]:
    validator, pair = row.validator, row.pair
    return {
        "vote_account": validator.vote_account,
        "identity": validator.identity,
        "name": validator.name or None,
        "name_mark": validator.name_mark or None,
        "rank": pair.rank,
        "other_rank": pair.other_rank,
        "rank_difference": pair.rank_difference,
        "score": pair.score,
        "other_score": pair.other_score,
        "reasons": list(map(_reason, row.reasons)),
        "other_reasons": list(map(_reason, row.other_reasons)),
    }


def _reason(reason: Reason) -> dict[str, Any]:
    """Not asdict, which takes ten times as long: thousands are written for one reply."""
    return {"name": reason.name, "points": reason.points, "ahead": reason.ahead, "said": reason.said}
