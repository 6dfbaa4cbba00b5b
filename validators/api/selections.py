"""What to hold: who stays, enters and leaves, narrowed as the list is."""

from dataclasses import asdict
from typing import Final

from django.http import HttpRequest, HttpResponse
from pydantic import Field

from scheduling.api.replies import Format, list_reply
from validators.api import pages, selection_documents
from validators.api.parameters import Narrowed
from validators.api.several import MOST_HELD, MOST_HELD_IN_BODY, Caps, HeldKeys, ManyHeldKeys
from validators.monitoring.delinquency import much_is_delinquent
from validators.reading.caps import CAPPED_BY, GRAMMAR, asked_caps
from validators.reading.picture import current_picture
from validators.reading.selection import selection
from validators.scoring.selection import BAND, WIDEST_BAND

MOST_SELECTED: Final = 1_000
_CAP_SAID: Final = "{by}:{most} ({unknown} unknown)"


class SelectionQuery(Narrowed):
    """How many to hold, and what is held now."""

    size: int = Field(100, ge=1, le=MOST_SELECTED, description="How many validators to hold")
    held: HeldKeys = Field(
        [],
        description=f"Vote accounts held now, up to {MOST_HELD}: with commas between, or repeated, or empty. "
        "For more, POST the same names",
    )
    band: float = Field(
        BAND, ge=1, le=WIDEST_BAND, allow_inf_nan=False, description="Held ones stay up to place size x band"
    )
    cap: Caps = Field(
        [],
        description=f"At most so many of one group, by {', '.join(CAPPED_BY)}: {GRAMMAR}; several with "
        "commas between, or repeated. Whose group nobody knows is not capped",
    )
    format: Format | None = Field(None, description="Goes before the Accept header")


class SelectionBody(SelectionQuery):
    """The same names as in an address, with room for more that are held."""

    held: ManyHeldKeys = Field([], description=f"Vote accounts held now, up to {MOST_HELD_IN_BODY:,}")


def selection_reply(request: HttpRequest, query: SelectionQuery, form: Format) -> HttpResponse:
    """All of it in one reply."""
    picture = current_picture(query.method)
    found = selection(
        picture,
        pages.narrowing(query),
        held=query.held,
        size=query.size,
        band=query.band,
        caps=asked_caps(query.cap),
    )
    columns = list(selection_documents.SelectedDocument.model_fields)
    caps = [{"by": one.cap.by, "most": one.cap.most, "unknown": one.unknown} for one in found.caps]
    # Beside a CSV it is the text of a header.
    told = caps if form == "json" else ", ".join(_CAP_SAID.format(**cap) for cap in caps)
    about = {**pages.scored_envelope(picture), "doubt": much_is_delinquent() or None, "caps": told}
    rows = map(asdict, found.rows)
    return list_reply(request, rows, columns=columns, form=form, about=about, next_cursor=None)
