"""What a visitor holds, how many are wanted, and of whom; all of it stands in the address."""

import re
from typing import Any, Final

from django import forms

from validators.pages.standings_form import StandingsForm
from validators.scoring.selection import BAND

DEFAULT_SIZE: Final = 100
MOST_SELECTED: Final = 1_000
WIDEST_BAND: Final = 100.0
# More does not fit into an address that our web server takes.
LONGEST_HELD: Final = 7_500


class SelectionForm(StandingsForm):
    """A field that makes no sense is told of, and its default stands."""

    first = ("size", "band", "held")
    sort = None  # type: ignore[assignment]
    size = forms.IntegerField(required=False, min_value=1, max_value=MOST_SELECTED, label="How many")
    band = forms.FloatField(required=False, min_value=1, max_value=WIDEST_BAND, label="Band")
    held = forms.CharField(
        required=False,
        max_length=LONGEST_HELD,
        label="Held now: vote accounts",
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "autocomplete": "off"}),
    )
    field_order = first

    @property
    def wanted(self) -> int:
        return self._known("size") or DEFAULT_SIZE

    @property
    def width(self) -> float:
        return self._known("band") or BAND

    @property
    def held_accounts(self) -> list[str]:
        """In the order given, each once; commas, spaces and lines divide them."""
        return list(dict.fromkeys(filter(None, re.split(r"[,;\s]+", self._known("held") or ""))))

    @property
    def can_be_asked_of_the_api(self) -> bool:
        """It chooses among all."""
        return not self._known("watched")

    def _for_api(self) -> dict[str, Any]:
        held = ",".join(self.held_accounts)
        return {"size": self.wanted, "band": self.width, "held": held, **super()._for_api()}
