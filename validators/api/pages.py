"""Lists, a page at a time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from ninja import Schema

from scheduling.api import cursors
from scheduling.api.errors import ApiError
from scheduling.api.replies import Format, list_reply
from validators.api import cluster_documents, epoch_documents, epoch_rows, rows, score_documents
from validators.api.parameters import Narrowed, Page
from validators.reading.known_words import FIELDS, word_problem
from validators.reading.picture import Picture, envelope
from validators.reading.standings import Narrowing


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Rows that come by a falling key: their shape, how each is written, and the key's attribute."""

    shape: type[Schema]
    document: Callable[[Any], dict[str, Any]]
    key: str


EPOCHS: Final = Listing(shape=epoch_documents.EpochDocument, document=epoch_rows.epoch_document, key="epoch")
SCORES: Final = Listing(shape=score_documents.ScoreDocument, document=rows.score_document, key="run_id")
SCORING_RUNS: Final = Listing(
    shape=score_documents.ScoringRunDocument, document=rows.scoring_run_document, key="pk"
)
CLUSTER_EPOCHS: Final = Listing(
    shape=cluster_documents.ClusterEpochDocument, document=rows.cluster_epoch_document, key="epoch"
)


def key_of(query: Page) -> int | None:
    """Behind which key the page begins."""
    return None if query.cursor is None else cursors.read(query.cursor, cursors.KeyPlace).key


def page(
    request: HttpRequest,
    query: Page,
    form: Format,
    found: Sequence[Any],
    *,
    listing: Listing,
    about: dict[str, Any],
) -> HttpResponse:
    """`found` holds one row more than asked for when there are more."""
    shown = found[: query.limit]
    more = (
        cursors.written(cursors.KeyPlace(key=getattr(shown[-1], listing.key)))
        if len(found) > len(shown)
        else None
    )
    columns = list(listing.shape.model_fields)
    written = map(listing.document, shown)
    return list_reply(request, written, columns=columns, form=form, about=about, next_cursor=more)


def scored_envelope(picture: Picture) -> dict[str, Any]:
    run = picture.scoring_run
    return {**envelope(picture), "scored_at": run.finished_at if run else None}


def narrowing(query: Narrowed, *, epoch: int | None = None) -> Narrowing:
    """Raises `ApiError` for words that nobody has, or had in that epoch."""
    found = {field: word_problem(field, getattr(query, field), epoch=epoch) for field in FIELDS}
    problems = [f"{field}: {problem}" for field, problem in found.items() if problem]
    if problems:
        raise ApiError(422, code="invalid", detail="; ".join(problems))
    return Narrowing(
        search=query.search,
        least_stake=query.min_stake,
        most_commission_bps=rows.basis_points(query.max_commission),
        most_mev_commission_bps=rows.basis_points(query.max_mev_commission),
        least_total_apy=query.min_total_apy,
        least_score=query.min_score,
        client=query.client,
        version=query.version,
        network=query.network,
        country=query.country,
        operator=query.operator,
        delinquent=query.delinquent,
        superminority=query.superminority,
        flagged=query.flagged,
        flags=query.flag,
    )
