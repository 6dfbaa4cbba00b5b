"""The list of validators, now or as an earlier epoch left it, a page at a time."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from django.http import HttpRequest, HttpResponse

from scheduling.api import cursors
from scheduling.api.errors import ApiError
from scheduling.api.replies import Format, columns_reply
from validators.api import documents, rows
from validators.api.explaining import explained_documents
from validators.api.pages import narrowing, scored_envelope
from validators.api.parameters import StandingPlace, ValidatorQuery
from validators.api.several import Included, included
from validators.reading import past_standings as past
from validators.reading.admission import ADMISSION_COLUMNS
from validators.reading.flags import FLAG_COLUMNS
from validators.reading.picture import Picture, current_picture, picture_of_run
from validators.reading.plain_rows import Columns, columns_of, plain_columns
from validators.reading.standings import (
    RISKS,
    SORT_FIELDS,
    TEXT_SORTS,
    Narrowing,
    Place,
    behind,
    known_keys,
    place_of,
    standings,
    with_risk,
)

# What documents and flags are made of.
COLUMNS: Final = tuple(dict.fromkeys((*rows.VALIDATOR_COLUMNS, *ADMISSION_COLUMNS, *FLAG_COLUMNS)))
# With what `include` adds to each.
MOST_EXPLAINED: Final = 200


def validator_page(request: HttpRequest, query: ValidatorQuery, form: Format) -> HttpResponse:
    asked = included(query.include)
    _check(query, asked)
    picture, place = _picture_and_place(query)
    found = _present(query, picture, place, asked) if query.epoch is None else _past(query, picture, place)
    shown = {name: values[: query.rows] for name, values in found.items()}
    has_more = len(found["pk"]) > len(shown["pk"])
    more = _cursor({name: values[-1] for name, values in shown.items()}, picture, query) if has_more else None
    told = explained_documents(shown, picture.scoring_run, asked=asked, until=query.epoch)
    about = {**scored_envelope(picture), "unknown": _unknown(query)}
    if query.epoch is not None:
        about["epoch"] = query.epoch
    columns = [*documents.ValidatorDocument.model_fields, *asked.fields]
    return columns_reply(request, told, columns=columns, form=form, about=about, next_cursor=more)


def _check(query: ValidatorQuery, asked: Included) -> None:
    """Refuse what no query could answer truly."""
    if asked.is_anything and query.rows > MOST_EXPLAINED:
        detail = f"limit: with `include` it is at most {MOST_EXPLAINED}; further ones are behind the cursor."
        raise ApiError(422, code="invalid", detail=detail)
    if query.epoch is None:
        return
    is_sorted_by_it = SORT_FIELDS[query.sort.removeprefix("-")] not in past.THEN
    for name, is_asked in (
        *(("flagged", query.flagged is not None), ("flag", bool(query.flag))),
        ("max_mev_commission", query.max_mev_commission is not None),
        ("min_total_apy", query.min_total_apy is not None),
        *((name, bool(getattr(query, name))) for name in ("network", "country", "operator")),
        *(("left", query.left is not None), (f"sort={query.sort}", is_sorted_by_it)),
    ):
        if is_asked:
            detail = f"{name}: it is known of the present alone; leave it out, or `epoch`."
            raise ApiError(422, code="invalid", detail=detail)
    if not past.is_stored(query.epoch):
        stored = ", ".join(str(a) if a == b else f"{a} to {b}" for a, b in past.stored_epochs()) or "none"
        detail = f"epoch: of epoch {query.epoch} nothing is stored. Stored are: {stored}."
        raise ApiError(404, code="unknown_epoch", detail=detail)


def _narrowing(query: ValidatorQuery) -> Narrowing:
    names_whom = bool(query.vote_account or query.identity)
    left = (None if names_whom else False) if query.left is None else query.left
    asked = narrowing(query, epoch=query.epoch)
    return replace(asked, vote_accounts=query.vote_account, identities=query.identity, left=left)


def _present(query: ValidatorQuery, picture: Picture, place: Place | None, asked: Included) -> Columns:
    found = with_risk(standings(picture, narrowing=_narrowing(query), sort=query.sort))
    if place is not None:
        found = behind(found, place, sort=query.sort)
    columns = _columns(query)
    if asked.parts or asked.risk:
        columns = (*columns, "components")
    return plain_columns(found[: query.rows + 1], columns)


def _past(query: ValidatorQuery, picture: Picture, place: Place | None) -> Columns:
    wanted = replace(_narrowing(query), left=None)
    found: Any = past.past_standings(query.epoch or 0, picture.scoring_run, narrowing=wanted, sort=query.sort)
    if place is not None:
        found = behind(found, place, sort=query.sort)
    rows_of_then = map(_as_present, found.values(*past.THEN)[: query.rows + 1])
    return columns_of(rows_of_then, (*_columns(query), "components"))


def _columns(query: ValidatorQuery) -> tuple[str, ...]:
    """With the one that the cursor needs."""
    return tuple(dict.fromkeys((*COLUMNS, SORT_FIELDS[query.sort.removeprefix("-")])))


def _as_present(row: Mapping[str, Any]) -> dict[str, Any]:
    """With the columns of the present list."""
    risks = {name: (row["components"] or {}).get(name) for name in RISKS}
    known = {**row, **risks, "pk": row["validator_id"], "production_epoch": row["epoch"]}
    if row["blocks_unfinished"]:
        known["skip_rate"] = None
    return dict.fromkeys(COLUMNS) | known


def _unknown(query: ValidatorQuery) -> list[str]:
    """In the order in which they were asked for."""
    named = [*query.vote_account, *query.identity]
    if not named:
        return []
    asked = {"vote_accounts": query.vote_account, "identities": query.identity}
    known = known_keys(**asked) if query.epoch is None else past.known_keys(query.epoch, **asked)
    return [key for key in named if key not in known]


def _picture_and_place(query: ValidatorQuery) -> tuple[Picture, Place | None]:
    if query.cursor is None:
        return _newest_picture(query), None
    place = cursors.read(query.cursor, StandingPlace)
    if place.sort != query.sort or not _fits(place.value, sort=query.sort) or place.epoch != query.epoch:
        raise ApiError(400, code="invalid_cursor", detail="This cursor is of another order, or epoch.")
    if place.account is None:
        detail = "This cursor is of an earlier version, which put equals in another order; begin anew."
        raise ApiError(410, code="expired_cursor", detail=detail)
    picture = picture_of_run(place.run)
    if picture is None:
        raise ApiError(410, code="expired_cursor", detail="These scores were deleted; begin anew.")
    run = picture.scoring_run
    if run is not None and query.method not in (None, run.method):
        detail = f"This cursor is of the scores of {run.method}, and not of {query.method}."
        raise ApiError(400, code="invalid_cursor", detail=detail)
    if query.epoch is not None:
        picture = replace(picture, fetch=past.last_fetch(query.epoch))
    return picture, Place(value=place.value, stake=place.stake, account=place.account)


def _newest_picture(query: ValidatorQuery) -> Picture:
    if query.epoch is None:
        return current_picture(query.method)
    return past.picture_of_epoch(query.epoch, query.method)


def _fits(value: float | str | None, *, sort: str) -> bool:
    return value is None or isinstance(value, str) == (sort.removeprefix("-") in TEXT_SORTS)


def _cursor(row: Mapping[str, Any], picture: Picture, query: ValidatorQuery) -> str:
    place, run = place_of(row, sort=query.sort), picture.scoring_run
    return cursors.written(
        StandingPlace(
            sort=query.sort,
            run=run.pk if run else None,
            epoch=query.epoch,
            value=place.value,
            stake=place.stake,
            account=place.account,
        )
    )
