"""How stake is spread over networks, countries, addresses, clients and operators, for the cluster's page."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from validators.models import ConcentrationEpoch
from validators.reading.concentration import By, ToldSpread, concentrations, kept_since

# Of each kind the page names so many groups, and so many epochs.
GROUPS_SHOWN: Final = 10
EPOCHS_SHOWN: Final = 20
# What lists of validators can be narrowed by.
_FILTERS: Final = frozenset({By.NETWORK, By.COUNTRY, By.CLIENT, By.OPERATOR})


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A group, and what its validators are listed by; empty where no filter does."""

    label: str
    query: str
    validators: int
    stake: int
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownSpread:
    """Of one kind of group: sentences, the largest groups, and the epochs that were kept."""

    told: ToldSpread
    rows: Sequence[Row]
    epochs: Sequence[ConcentrationEpoch]

    @property
    def said(self) -> Sequence[str]:
        return self.told.said

    @property
    def by(self) -> str:
        return self.told.spread.by.value


def shown_spreads(epoch: int | None) -> Mapping[str, ShownSpread]:
    """By kind. Three queries."""
    kept: dict[str, list[ConcentrationEpoch]] = defaultdict(list)
    for row in kept_since((epoch or 0) - EPOCHS_SHOWN):
        kept[row.by].append(row)
    told = concentrations(epoch)
    return {
        one.spread.by.value: ShownSpread(told=one, rows=_rows(one), epochs=kept[one.spread.by])
        for one in told
    }


def _rows(told: ToldSpread) -> list[Row]:
    """None where nothing is staked: then nobody is the largest."""
    spread = told.spread
    if not spread.concentration.total:
        return []
    return [
        Row(
            label=_label(spread.by, group.key, spread.names.get(group.key, "")),
            query=urlencode({spread.by.value: group.key}) if spread.by in _FILTERS else "",
            validators=group.validators,
            stake=group.stake,
            share=group.share,
        )
        for group in spread.concentration.groups[:GROUPS_SHOWN]
    ]


def _label(by: By, key: str, name: str) -> str:
    if by is By.NETWORK and name:
        return f"{key} {name}"
    return name or key
