"""What to hold, for people: who stays, enters and leaves."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from validators.figures import grouped
from validators.monitoring.delinquency import much_is_delinquent
from validators.pages.selection_form import SelectionForm
from validators.reading.picture import Picture
from validators.reading.selection import SelectedValidator, selection

# Rows of a page, as a phone takes them: where the whole cluster is delinquent, all of it is passed over.
MOST_SHOWN: Final = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Those of one action, in the order of their places."""

    action: str
    heading: str
    rows: Sequence[SelectedValidator]
    shown: Sequence[SelectedValidator]

    @property
    def counted(self) -> str:
        """Such as: 1 leaves, 1,200 leave."""
        one = self.action.replace("_", " ")
        return f"{grouped(len(self.rows))} {one if len(self.rows) == 1 else self.heading.lower()}"

    @property
    def more(self) -> int:
        """That the page has no room for."""
        return len(self.rows) - len(self.shown)


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
        groups=_grouped(found.rows),
        caps_said=[one.sentence for one in found.caps],
        warning=much_is_delinquent(),
    )


def _grouped(found: Sequence[SelectedValidator]) -> list[Group]:
    groups, room = [], MOST_SHOWN
    for action, heading in _HEADINGS.items():
        rows = [one for one in found if one.action == action]
        groups.append(Group(action=action, heading=heading, rows=rows, shown=rows[:room]))
        room -= len(groups[-1].shown)
    return groups


_HEADINGS: Final = {"leaves": "Leave", "enters": "Enter", "stays": "Stay", "passed_over": "Passed over"}
