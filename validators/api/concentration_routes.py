"""How stake is spread over networks, countries, addresses, clients and operators, now and by epoch."""

from collections.abc import Sequence
from itertools import chain
from typing import Annotated

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import AfterValidator, Field, WithJsonSchema

from scheduling.api.errors import Problem
from scheduling.api.replies import Format, json_reply, list_reply
from validators.api import concentration_documents as documents
from validators.api import pages
from validators.api.answers import answer
from validators.api.parameters import Formatted, Page, one_of
from validators.models import ConcentrationEpoch
from validators.reading.concentration import (
    ToldSpread,
    concentration_epochs,
    concentrations,
    network_database,
)
from validators.reading.picture import current_picture, envelope
from validators.reading.standings import MOST_ROWS

router = Router(tags=["validators"])

By = ConcentrationEpoch.By


Kind = Annotated[
    str,
    AfterValidator(one_of(By.values, "kind of group")),
    WithJsonSchema({"type": "string", "enum": list(By.values)}),
]

_EPOCHS = pages.Listing(
    shape=documents.ConcentrationEpochDocument,
    document=documents.concentration_epoch_document,
    key="epoch",
)


class ConcentrationQuery(Formatted):
    """Which kinds of group, and how many of each."""

    by: Kind | None = Field(None, description="This kind alone; else all")
    limit: int = Field(20, ge=1, le=MOST_ROWS, description="Of the groups of each kind, the largest first")


class ConcentrationEpochsQuery(Page):
    """Of which kind of group."""

    by: Kind = Field(By.NETWORK.value, description="What groups are made by")


@router.get("/cluster/concentration", response=documents.ConcentrationReply)
def get_concentration(request: HttpRequest, query: Query[ConcentrationQuery]) -> HttpResponse:
    """How stake is spread over networks, countries, addresses, clients and operators.

    Of the stake of everybody present, delinquent ones too: the largest groups with their shares, and how few
    hold more than a third, which by standing still could halt a cluster without Alpenglow (with it, more than
    40 % could). Stake whose group is unknown is told apart. As CSV a row for each group.
    """

    def build(form: Format) -> HttpResponse:
        picture = current_picture()
        wanted = [By(query.by)] if query.by else list(By)
        told = concentrations(picture.epoch, wanted)
        about = {**envelope(picture), **documents.networks_about(network_database())}
        return _written(request, told, about, form, most=query.limit)

    return answer(request, query.format, build)


@router.get("/cluster/concentration/epochs", response={200: documents.ConcentrationEpochList, 400: Problem})
def list_concentration_epochs(request: HttpRequest, query: Query[ConcentrationEpochsQuery]) -> HttpResponse:
    """How stake was spread over one kind of group in each epoch, newest first.

    As the last look at the nodes in each epoch left it; kept since this installation looks. With another
    `basis` a group is something else, and numbers do not compare.
    """

    def build(form: Format) -> HttpResponse:
        found = concentration_epochs(query.by, before=pages.key_of(query), limit=query.limit + 1)
        return pages.page(request, query, form, found, listing=_EPOCHS, about=envelope())

    return answer(request, query.format, build)


def _written(
    request: HttpRequest, told: Sequence[ToldSpread], about: dict[str, object], form: Format, *, most: int
) -> HttpResponse:
    if form == "json":
        items = [documents.concentration_document(one, most=most) for one in told]
        return json_reply({**about, "items": items, "next_cursor": None})
    rows = chain.from_iterable(documents.group_rows(one, most=most) for one in told)
    columns, plain = documents.GROUP_COLUMNS, envelope()
    return list_reply(request, rows, columns=columns, form=form, about=plain, next_cursor=None)
