"""What to hold, for people: who stays, enters and leaves."""

from collections.abc import Sequence
from dataclasses import dataclass

from validators.pages.selection_form import SelectionForm
from validators.reading.picture import Picture
from validators.reading.selection import SelectedValidator, selection


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Those of one action, in the order of their places."""

    action: str
    heading: str
    rows: Sequence[SelectedValidator]


def selected_groups(picture: Picture, form: SelectionForm) -> list[Group]:
    """None where nobody is scored yet. Two queries."""
    if picture.scoring_run is None:
        return []
    found = selection(picture, form.narrowing, held=form.held_accounts, size=form.wanted, band=form.width)
    headings = {"leaves": "Leave", "enters": "Enter", "stays": "Stay"}
    return [
        Group(action=action, heading=heading, rows=[one for one in found if one.action == action])
        for action, heading in headings.items()
    ]
