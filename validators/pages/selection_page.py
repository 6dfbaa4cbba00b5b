"""What to hold, for people: who stays, enters and leaves."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from validators.monitoring.delinquency import much_is_delinquent
from validators.pages.selection_form import SelectionForm
from validators.reading.picture import Picture
from validators.reading.selection import SelectedValidator, selection


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Those of one action, in the order of their places."""

    action: str
    heading: str
    rows: Sequence[SelectedValidator]


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen, by action, how each cap was applied, and what is wrong with the whole cluster."""

    groups: Sequence[Group] = ()
    caps_said: Sequence[str] = ()
    warning: str = ""


def choice_of(picture: Picture, form: SelectionForm) -> Choice:
    """Empty where nobody is scored yet. As many queries as `selection` takes, and one."""
    if picture.scoring_run is None:
        return Choice()
    found = selection(
        picture,
        form.narrowing,
        held=form.held_accounts,
        size=form.wanted,
        band=form.width,
        caps=form.caps,
    )
    return Choice(
        groups=[
            Group(action=action, heading=heading, rows=[one for one in found.rows if one.action == action])
            for action, heading in _HEADINGS.items()
        ],
        caps_said=[one.sentence for one in found.caps],
        warning=much_is_delinquent(),
    )


_HEADINGS: Final = {"leaves": "Leave", "enters": "Enter", "stays": "Stay", "passed_over": "Passed over"}
