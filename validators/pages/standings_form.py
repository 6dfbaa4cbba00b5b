"""What a visitor may narrow and order the list of validators by; all of it stands in the address."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.core.validators import ProhibitNullCharactersValidator
from django.http import QueryDict

from validators.pages.presets import Preset, presets
from validators.reading.flags import LABELS, FlagCode
from validators.reading.groups import group_key
from validators.reading.known_words import FIELDS, word_problem
from validators.reading.standings import DEFAULT_SORT, SORT_FIELDS, Narrowing
from validators.solana.arithmetic import BPS_PER_PERCENT
from validators.solana.economics import fraction
from validators.templatetags.meanings import MEANINGS
from validators.templatetags.units import LAMPORTS_PER_SOL

_YES: Final = {"yes": True, "no": False}
PERCENT: Final = 100
# Of a yearly return.
MOST_PERCENT: Final = 1_000
# More SOL than there will ever be, and still a number that the database holds.
MOST_SOL: Final = 9_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A heading that sorts: the order it leads to, and the one in force: ascending, descending or neither."""

    label: str
    leads_to: str
    in_force: str
    secondary: bool
    number: bool
    title: str = ""
    # In the same cell, for a screen has no room for a column of its own.
    below: "Column | None" = None


# The key of no validator, for who watches none.
_NOBODY: Final = ("",)

# Key, label, the order that a first click gives, whether a narrow screen leaves it out.
_COLUMNS: Final = (
    ("rank", "Rank", "rank", False),
    ("name", "Validator", "name", False),
    ("score", "Score", "-score", False),
    ("vote_performance", "Vote performance", "-vote_performance", True),
    ("commission", "Commission", "commission", False),
    ("stake", "Stake (SOL)", "-stake", True),
    ("apy", "APY", "-apy", False),
    ("skip_rate", "Skip rate", "skip_rate", True),
    ("version", "Version", "-version", True),
)
_BELOW: Final = {
    "commission": ("mev_commission", "MEV commission", "mev_commission", False),
    "apy": ("total_apy", "Total APY", "-total_apy", False),
}


def methods() -> list[tuple[str, str]]:
    """What every scoring computes, the headline method first."""
    return [("" if number == 0 else name, name) for number, name in enumerate(settings.SCORE_METHODS)]


class StandingsForm(forms.Form):
    """A field that makes no sense is told of and otherwise left out.

    People get a page where programs get a 422. Units stand in the fields' names; the API has its own.
    """

    # What is asked first; the rest are filters, which a phone folds.
    first: ClassVar[Sequence[str]] = ("search",)

    search = forms.CharField(
        required=False,
        max_length=100,
        label="Name or key",
        validators=[ProhibitNullCharactersValidator()],
        widget=forms.SearchInput,
    )
    max_commission_percent = forms.FloatField(
        required=False, min_value=0, max_value=100, label="Commission to (%)"
    )
    max_mev_commission_percent = forms.FloatField(
        required=False, min_value=0, max_value=100, label="MEV commission to (%)"
    )
    min_total_apy_percent = forms.FloatField(
        required=False, min_value=0, max_value=MOST_PERCENT, label="Total APY from (%)"
    )
    min_stake_sol = forms.FloatField(
        required=False, min_value=0, max_value=MOST_SOL, label="Stake from (SOL)"
    )
    min_score = forms.FloatField(required=False, min_value=0, max_value=100, label="Score from")
    client = forms.CharField(
        required=False, max_length=30, label="Client", validators=[ProhibitNullCharactersValidator()]
    )
    network = forms.CharField(
        required=False, max_length=43, label="Network", validators=[ProhibitNullCharactersValidator()]
    )
    country = forms.CharField(
        required=False, max_length=2, label="Country", validators=[ProhibitNullCharactersValidator()]
    )
    operator = forms.CharField(
        required=False, max_length=44, label="Operator", validators=[ProhibitNullCharactersValidator()]
    )
    voting = forms.ChoiceField(
        required=False, choices=[("", "any"), ("yes", "voting"), ("no", "delinquent")], label="State"
    )
    superminority = forms.ChoiceField(
        required=False, choices=[("", "any"), ("no", "outside"), ("yes", "inside")], label="Superminority"
    )
    flagged = forms.ChoiceField(
        required=False, choices=[("", "any"), ("no", "without"), ("yes", "with")], label="Flags"
    )
    watched = forms.ChoiceField(
        required=False, choices=[("", "any"), ("yes", "those with a star")], label="Watched"
    )
    sort = forms.ChoiceField(
        required=False,
        choices=[(name, name) for key in SORT_FIELDS for name in (key, f"-{key}")],
        widget=forms.HiddenInput,
    )
    method = forms.ChoiceField(required=False, choices=methods, label="Scores of")
    flag = forms.MultipleChoiceField(
        required=False,
        choices=[(code.value, LABELS[code]) for code in FlagCode],
        label="Which flags: all of them, unless ticked",
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, given: QueryDict, starred: Collection[str]) -> None:
        super().__init__(given)
        self._given, self._starred = given, starred
        self.is_valid()

    def clean(self) -> None:
        """By a word that nobody has nobody would be listed, which looks as if nobody met the rest."""
        for field in FIELDS:
            problem = word_problem(field, getattr(self.narrowing, field))
            if problem:
                self.add_error(field, f"{problem}.")

    @property
    def first_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.first]

    @property
    def filters(self) -> list[forms.BoundField]:
        return [field for field in self.visible_fields() if field.name not in self.first]

    @property
    def is_narrowed(self) -> bool:
        return any(field.value() or field.errors for field in self.filters)

    @property
    def presets(self) -> list[Preset]:
        return presets(self._given)

    @property
    def sorting(self) -> str:
        return self._known("sort") or DEFAULT_SORT

    @property
    def chosen_method(self) -> str | None:
        return self._known("method") or None

    @property
    def narrowing(self) -> Narrowing:
        least_apy, stake = self._known("min_total_apy_percent"), self._known("min_stake_sol")
        return Narrowing(
            search=(self._known("search") or "").strip(),
            vote_accounts=(self._starred or _NOBODY) if self._known("watched") else (),
            least_score=self._known("min_score"),
            most_commission_bps=self._basis_points("max_commission_percent"),
            most_mev_commission_bps=self._basis_points("max_mev_commission_percent"),
            least_total_apy=None if least_apy is None else least_apy / PERCENT,
            least_stake=None if stake is None else round(stake * LAMPORTS_PER_SOL),
            client=self._known("client") or "",
            network=group_key(self._known("network")),
            country=group_key(self._known("country")),
            operator=(self._known("operator") or "").strip(),
            delinquent={"yes": False, "no": True}.get(self._known("voting") or ""),
            superminority=_YES.get(self._known("superminority") or ""),
            flagged=_YES.get(self._known("flagged") or ""),
            flags=[FlagCode(code) for code in self._known("flag") or ()],
        )

    @property
    def can_be_asked_of_the_api(self) -> bool:
        """It takes the keys that have a star, and knows no way to name nobody."""
        return bool(self._starred or not self._known("watched"))

    @property
    def api_query(self) -> str:
        """What asks the API for the same, in its own words and units."""
        asked = {name: value for name, value in self._for_api().items() if value not in (None, "", [])}
        return urlencode(asked, doseq=True)

    def _for_api(self) -> dict[str, Any]:
        narrowing = self.narrowing
        return {
            "method": self.chosen_method,
            "search": narrowing.search,
            "vote_account": ",".join(narrowing.vote_accounts),
            # Of keys the API tells also where they left.
            "left": "false" if narrowing.vote_accounts else None,
            "min_score": narrowing.least_score,
            "max_commission": fraction(narrowing.most_commission_bps),
            "max_mev_commission": fraction(narrowing.most_mev_commission_bps),
            "min_total_apy": narrowing.least_total_apy,
            "min_stake": narrowing.least_stake,
            "client": narrowing.client,
            "network": narrowing.network,
            "country": narrowing.country,
            "operator": narrowing.operator,
            "delinquent": _word(narrowing.delinquent),
            "superminority": _word(narrowing.superminority),
            "flagged": _word(narrowing.flagged),
            "flag": [code.value for code in narrowing.flags],
            "sort": self._known("sort"),
        }

    @property
    def columns(self) -> list[Column]:
        below = {beside: self._column(*column) for beside, column in _BELOW.items()}
        return [replace(self._column(*column), below=below.get(column[0])) for column in _COLUMNS]

    def _column(self, key: str, label: str, first: str, secondary: bool) -> Column:
        found = MEANINGS.get(key.replace("_", "-"))
        return Column(
            label=label,
            leads_to=turned(first, self.sorting),
            in_force=direction(key, self.sorting),
            secondary=secondary,
            number=key not in ("name", "version"),
            title=found.said if found else "",
        )

    def _basis_points(self, field: str) -> int | None:
        percent = self._known(field)
        return None if percent is None else round(percent * BPS_PER_PERCENT)

    def _known(self, field: str) -> Any:
        return getattr(self, "cleaned_data", {}).get(field)


def _word(yes: bool | None) -> str | None:
    return None if yes is None else str(yes).lower()


def turned(first: str, sorting: str) -> str:
    """The order a click leads to: the usual one first, then the other way round."""
    other = first.removeprefix("-") if first.startswith("-") else f"-{first}"
    return other if sorting == first else first


def direction(key: str, sorting: str) -> str:
    """How a column that `key` sorts by is sorted: ascending, descending or not at all."""
    if sorting.removeprefix("-") != key:
        return ""
    return "descending" if sorting.startswith("-") else "ascending"
