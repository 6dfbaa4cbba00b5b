"""What a visitor holds, how many are wanted, and of whom; all of it stands in the address."""

import re
from typing import Any, Final

from django import forms

from validators.pages.standings_form import StandingsForm
from validators.reading.caps import CAPPED_BY, GRAMMAR, AskedCap, asked_caps
from validators.scoring.selection import BAND, WIDEST_BAND

DEFAULT_SIZE: Final = 100
MOST_SELECTED: Final = 1_000
# More does not fit into an address that our web server takes.
LONGEST_HELD: Final = 7_500
LONGEST_CAPS: Final = 200


class SelectionForm(StandingsForm):
    """A field that makes no sense is told of, and its default stands."""

    first = ("size", "band", "cap", "held")
    sort = None  # type: ignore[assignment]
    size = forms.IntegerField(required=False, min_value=1, max_value=MOST_SELECTED, label="How many")
    band = forms.FloatField(required=False, min_value=1, max_value=WIDEST_BAND, label="Band")
    held = forms.CharField(
        required=False,
        max_length=LONGEST_HELD,
        label="Held now: vote accounts",
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "autocomplete": "off"}),
    )
    cap = forms.CharField(
        required=False,
        max_length=LONGEST_CAPS,
        label="At most, of one group",
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocomplete": "off"}),
        help_text=f"By {', '.join(CAPPED_BY)}: {GRAMMAR}; several with commas between",
    )
    field_order = first

    @property
    def wanted(self) -> int:
        return self._known("size") or DEFAULT_SIZE

    @property
    def width(self) -> float:
        return self._known("band") or BAND

    @property
    def width_said(self) -> str:
        return f"{self.width:.10g}"

    def clean_cap(self) -> list[AskedCap]:
        try:
            return asked_caps(self.cleaned_data["cap"].split(","))
        except ValueError as exc:
            raise forms.ValidationError(f"{exc}.") from exc

    @property
    def caps(self) -> list[AskedCap]:
        return self._known("cap") or []

    @property
    def held_accounts(self) -> list[str]:
        """In the order given, each once; commas, spaces and lines divide them."""
        return list(dict.fromkeys(filter(None, re.split(r"[,;\s]+", self._known("held") or ""))))

    @property
    def can_be_asked_of_the_api(self) -> bool:
        """It chooses among all."""
        return not self._known("watched")

    def _for_api(self) -> dict[str, Any]:
        held, caps = ",".join(self.held_accounts), ",".join(map(str, self.caps))
        return {"size": self.wanted, "band": self.width, "held": held, "cap": caps, **super()._for_api()}
