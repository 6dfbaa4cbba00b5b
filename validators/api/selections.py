"""What to hold: who stays, enters and leaves, narrowed as the list is."""

from dataclasses import asdict
from typing import Final

from django.http import HttpRequest, HttpResponse
from pydantic import Field

from scheduling.api.replies import Format, list_reply
from validators.api import documents, pages
from validators.api.parameters import Narrowed
from validators.api.several import MOST_HELD, HeldKeys
from validators.reading.picture import current_picture
from validators.reading.selection import selection
from validators.scoring.selection import BAND

MOST_SELECTED: Final = 1_000
WIDEST_BAND: Final = 100.0


class SelectionQuery(Narrowed):
    """How many to hold, and what is held now."""

    size: int = Field(100, ge=1, le=MOST_SELECTED, description="How many validators to hold")
    held: HeldKeys = Field(
        [],
        description=f"Vote accounts held now, up to {MOST_HELD}: with commas between, or repeated, or empty",
    )
    band: float = Field(
        BAND, ge=1, le=WIDEST_BAND, allow_inf_nan=False, description="Held ones stay up to place size x band"
    )
    format: Format | None = Field(None, description="Goes before the Accept header")


def selection_reply(request: HttpRequest, query: SelectionQuery, form: Format) -> HttpResponse:
    """All of it in one reply."""
    picture = current_picture(query.method)
    found = selection(picture, pages.narrowing(query), held=query.held, size=query.size, band=query.band)
    columns = list(documents.SelectedDocument.model_fields)
    about = pages.scored_envelope(picture)
    return list_reply(request, map(asdict, found), columns=columns, form=form, about=about, next_cursor=None)
