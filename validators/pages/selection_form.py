"""What a visitor holds, how many are wanted, and of whom; all of it stands in the address."""

import re
from typing import Any, Final
from urllib.parse import urlencode

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

    sort = None  # type: ignore[assignment]
    size = forms.IntegerField(required=False, min_value=1, max_value=MOST_SELECTED, label="How many")
    band = forms.FloatField(required=False, min_value=1, max_value=WIDEST_BAND, label="Band")
    held = forms.CharField(
        required=False,
        max_length=LONGEST_HELD,
        label="Held now: vote accounts",
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "autocomplete": "off"}),
    )
    field_order = ("size", "band", "held")

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
    def api_query(self) -> str:
        """What asks the API for the same."""
        narrowing = self.narrowing
        bps, stake = narrowing.most_commission_bps, narrowing.least_stake
        asked: dict[str, Any] = {
            "size": self.wanted,
            "band": self.width,
            "held": ",".join(self.held_accounts),
            "method": self.chosen_method,
            "search": narrowing.search,
            "max_commission": None if bps is None else bps / 10_000,
            "min_stake": stake,
            "client": narrowing.client,
            "delinquent": _word(narrowing.delinquent),
            "superminority": _word(narrowing.superminority),
        }
        return urlencode({name: value for name, value in asked.items() if value not in (None, "")})


def _word(yes: bool | None) -> str | None:
    return None if yes is None else str(yes).lower()
