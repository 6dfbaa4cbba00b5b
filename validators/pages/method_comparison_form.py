"""Which methods a visitor compares, and in what order; all of it stands in the address."""

from typing import Final
from urllib.parse import urlencode

from django import forms
from django.core.validators import ProhibitNullCharactersValidator
from django.http import QueryDict

from validators.pages.standings_form import Column, direction, turned
from validators.reading.method_comparison import MethodChoice, known_methods
from validators.scoring.comparison import DEFAULT_SORT, SORTS
from validators.templatetags.meanings import MEANINGS


def methods() -> list[tuple[str, str]]:
    return [(name, name) for name in known_methods()]


class ComparisonForm(forms.Form):
    """A field that makes no sense is told of and otherwise left out; the methods are chosen before."""

    method = forms.ChoiceField(required=False, choices=methods, label="Method")
    other = forms.ChoiceField(required=False, choices=methods, label="Beside")
    search = forms.CharField(
        required=False,
        max_length=100,
        label="Name or key",
        validators=[ProhibitNullCharactersValidator()],
        widget=forms.SearchInput,
    )
    sort = forms.ChoiceField(
        required=False,
        choices=[(name, name) for key in SORTS for name in (key, f"-{key}")],
        widget=forms.HiddenInput,
    )

    def __init__(self, given: QueryDict, choice: MethodChoice) -> None:
        shown = given.copy()
        shown["method"], shown["other"] = choice.method, choice.other
        super().__init__(shown)
        self._choice = choice
        self.is_valid()

    @property
    def sorting(self) -> str:
        return self.cleaned_data.get("sort") or DEFAULT_SORT

    @property
    def words(self) -> str:
        return (self.cleaned_data.get("search") or "").strip()

    @property
    def api_query(self) -> str:
        """What asks the API for the same."""
        asked = {"method": self._choice.method, "other": self._choice.other, "sort": self.sorting}
        return urlencode(asked | ({"search": self.words} if self.words else {}))

    @property
    def columns(self) -> list[Column]:
        """Those that numbers stand in; the heading of a method is its name."""
        return [
            Column(
                label=label.format(self._choice),
                leads_to=turned(first, self.sorting),
                in_force=direction(first.removeprefix("-"), self.sorting),
                secondary=secondary,
                number=True,
                title=title,
            )
            for first, label, secondary, title in _COLUMNS
        ]


# The order that a first click gives, label, whether a narrow screen leaves it out, explanation.
_COLUMNS: Final = (
    ("rank", "Rank, {0.method}", False, ""),
    ("other_rank", "Rank, {0.other}", False, ""),
    (
        "-disagreement",
        "Places apart",
        False,
        MEANINGS["places-apart"].said,
    ),
    ("-score", "Score, {0.method}", True, MEANINGS["score"].said),
    ("-other_score", "Score, {0.other}", True, MEANINGS["score"].said),
)
