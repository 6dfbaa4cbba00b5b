"""Lists, a page at a time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from ninja import Schema

from scheduling.api import cursors
from scheduling.api.errors import ApiError
from scheduling.api.replies import Format, list_reply
from validators.api import cluster_documents, documents, rows
from validators.api.parameters import KeyPlace, Narrowed, Page, StandingPlace, ValidatorQuery
from validators.reading.admission import ADMISSION_COLUMNS
from validators.reading.picture import Picture, current_picture, envelope, picture_of_run
from validators.reading.standings import (
    TEXT_SORTS,
    Narrowing,
    Place,
    behind,
    place_of,
    standings,
    with_risk,
)

# Beside what the documents show, what the cursors need.
_COLUMNS: Final = (*rows.VALIDATOR_COLUMNS, *ADMISSION_COLUMNS, "pk", "known_name", "known_version")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Rows that come by a falling key: their shape, how each is written, and the key's attribute."""

    shape: type[Schema]
    document: Callable[[Any], dict[str, Any]]
    key: str


EPOCHS: Final = Listing(shape=documents.EpochDocument, document=rows.epoch_document, key="epoch")
SCORES: Final = Listing(shape=documents.ScoreDocument, document=rows.score_document, key="run_id")
SCORING_RUNS: Final = Listing(
    shape=documents.ScoringRunDocument, document=rows.scoring_run_document, key="pk"
)
CLUSTER_EPOCHS: Final = Listing(
    shape=cluster_documents.ClusterEpochDocument, document=rows.cluster_epoch_document, key="epoch"
)


def key_of(query: Page) -> int | None:
    """Behind which key the page begins."""
    return None if query.cursor is None else cursors.read(query.cursor, KeyPlace).key


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
    more = cursors.written(KeyPlace(key=getattr(shown[-1], listing.key))) if len(found) > len(shown) else None
    columns = list(listing.shape.model_fields)
    written = map(listing.document, shown)
    return list_reply(request, written, columns=columns, form=form, about=about, next_cursor=more)


def validator_page(request: HttpRequest, query: ValidatorQuery, form: Format) -> HttpResponse:
    picture, place = _picture_and_place(query)
    validators = standings(picture, narrowing=narrowing(query, left=query.left), sort=query.sort)
    validators = with_risk(validators)
    if place is not None:
        validators = behind(validators, place, sort=query.sort)
    found = list(validators.values_list(*_COLUMNS)[: query.limit + 1])
    shown = found[: query.limit]
    more = _cursor(shown[-1], picture, query) if len(found) > len(shown) else None
    columns = list(documents.ValidatorDocument.model_fields)
    written = map(rows.validator_document, shown)
    about = scored_envelope(picture)
    return list_reply(request, written, columns=columns, form=form, about=about, next_cursor=more)


def scored_envelope(picture: Picture) -> dict[str, Any]:
    run = picture.scoring_run
    return {**envelope(picture), "scored_at": run.finished_at if run else None}


def _picture_and_place(query: ValidatorQuery) -> tuple[Picture, Place | None]:
    if query.cursor is None:
        return current_picture(query.method), None
    place = cursors.read(query.cursor, StandingPlace)
    if place.sort != query.sort or not _fits(place.value, sort=query.sort):
        raise ApiError(400, code="invalid_cursor", detail="This cursor is of another order.")
    picture = picture_of_run(place.run)
    if picture is None:
        raise ApiError(410, code="expired_cursor", detail="These scores were deleted; begin anew.")
    return picture, Place(value=place.value, stake=place.stake, key=place.key)


def _fits(value: float | str | None, *, sort: str) -> bool:
    return value is None or isinstance(value, str) == (sort.removeprefix("-") in TEXT_SORTS)


def _cursor(row: tuple[Any, ...], picture: Picture, query: ValidatorQuery) -> str:
    place, run = place_of(dict(zip(_COLUMNS, row, strict=True)), sort=query.sort), picture.scoring_run
    return cursors.written(
        StandingPlace(
            sort=query.sort,
            run=run.pk if run else None,
            value=place.value,
            stake=place.stake,
            key=place.key,
        )
    )


def narrowing(query: Narrowed, *, left: bool = False) -> Narrowing:
    commission = query.max_commission
    return Narrowing(
        search=query.search,
        least_stake=query.min_stake,
        most_commission_bps=None if commission is None else round(commission * rows.BPS_IN_ALL),
        least_score=query.min_score,
        client=query.client,
        version=query.version,
        delinquent=query.delinquent,
        superminority=query.superminority,
        left=left,
    )
