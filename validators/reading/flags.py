"""What a delegator should know of a validator, as codes: each with its epoch and a sentence.

`docs/glossary.md` lists the codes for readers. Neither how it votes nor its score is among them.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, Literal

from validators.models import VoteState
from validators.reading.admission import not_admitted_said, to_be_left_out_said
from validators.reading.holdings import (
    LargeOperator,
    Leaving,
    large_operators,
    leaving_stakes,
)
from validators.reading.plain_rows import Columns
from validators.reading.terms import (
    Since,
    mark_said,
    marks_of,
    superminority_said,
    superminority_since,
    undated_said,
    with_marks,
    withdrawer_said,
)
from validators.solana.arithmetic import ALL_BPS
from validators.solana.commission_flags import CommissionFlag
from validators.solana.commission_marks import CommissionMark
from validators.solana.look_alikes import NameMark
from validators.templatetags.units import bps_percent


class FlagCode(StrEnum):
    """What a delegator should know, as codes that the glossary explains; none is ever renamed."""

    COMMISSION_CROSSED_TEN_PERCENT = "commission_crossed_ten_percent"
    COMMISSION_RAISED = "commission_raised"
    COMMISSION_ABOVE_HALF = "commission_above_half"
    COMMISSION_UP_AND_BACK = "commission_up_and_back"
    SUPERMINORITY = "superminority"
    WITHDRAWER_IS_IDENTITY = "withdrawer_is_identity"
    NAME_SAME_AS_LARGER = "name_same_as_larger"
    NAME_MIXED_ALPHABETS = "name_mixed_alphabets"
    NOT_ADMITTED_NEXT_EPOCH = "not_admitted_next_epoch"
    NOT_ADMITTED_AFTER_NEXT = "not_admitted_after_next"
    MEV_COMMISSION_ALL = "mev_commission_all"
    MEV_COMMISSION_HIGH = "mev_commission_high"
    STAKE_LEAVING = "stake_leaving"
    OPERATOR_LARGE = "operator_large"


_PLACES: Final = {code: place for place, code in enumerate(FlagCode)}
# For people who choose one.
LABELS: Final[Mapping[FlagCode, str]] = {
    FlagCode.COMMISSION_CROSSED_TEN_PERCENT: "commission crossed 10 % upward",
    FlagCode.COMMISSION_RAISED: "commission up 3 points or more in one epoch",
    FlagCode.COMMISSION_ABOVE_HALF: "commission above 50 %",
    FlagCode.COMMISSION_UP_AND_BACK: "commission up and back in one epoch",
    # Not by its name, which is the label of a filter of its own.
    FlagCode.SUPERMINORITY: "among the fewest with a third of the stake",
    FlagCode.WITHDRAWER_IS_IDENTITY: "withdraw authority is the identity",
    FlagCode.NAME_SAME_AS_LARGER: "name looks like a larger one's",
    FlagCode.NAME_MIXED_ALPHABETS: "name mixes alphabets",
    FlagCode.NOT_ADMITTED_NEXT_EPOCH: "not admitted to the next epoch",
    FlagCode.NOT_ADMITTED_AFTER_NEXT: "not admitted to the epoch after the next",
    FlagCode.MEV_COMMISSION_ALL: "keeps all tips",
    FlagCode.MEV_COMMISSION_HIGH: "keeps more than 10 % of the tips",
    FlagCode.STAKE_LEAVING: "a tenth of its stake or more leaves now",
    FlagCode.OPERATOR_LARGE: "its operator has several validators and 1 % of the stake or more",
}
OF_COMMISSION: Final[Mapping[CommissionFlag, FlagCode]] = {
    CommissionFlag.CROSSED_TEN_PERCENT: FlagCode.COMMISSION_CROSSED_TEN_PERCENT,
    CommissionFlag.JUMPED: FlagCode.COMMISSION_RAISED,
    CommissionFlag.ABOVE_HALF: FlagCode.COMMISSION_ABOVE_HALF,
    CommissionFlag.UP_AND_BACK: FlagCode.COMMISSION_UP_AND_BACK,
}
CODES_OF_NAMES: Final[Mapping[NameMark, FlagCode]] = {
    NameMark.SAME: FlagCode.NAME_SAME_AS_LARGER,
    NameMark.MIXED: FlagCode.NAME_MIXED_ALPHABETS,
}
_OUT: Final = VoteState.Admission.OUT
# What the flags of a row are made of, seen from a validator; its key is `pk`.
FLAG_COLUMNS: Final = (
    *("pk", "vote_account", "identity", "name_mark", "superminority", "commission_flags"),
    "activated_stake",
    *("vote_state__withdrawer", "vote_state__epoch"),
    *("admission", "admission_next", "admission_reason", "admission_epoch"),
    *("mev_commission_bps", "mev_epoch", "operator", "operator_evidence"),
)
# Told as they are now, beside the score: none of it is in the number.
_OF_NOW: Final[Mapping[FlagCode, str]] = {
    FlagCode.MEV_COMMISSION_ALL: "keeps all tips",
    FlagCode.MEV_COMMISSION_HIGH: "keeps many tips",
    FlagCode.STAKE_LEAVING: "stake leaves",
    FlagCode.OPERATOR_LARGE: "large operator",
}
# What many programmes let a validator keep of tips at most.
HIGH_BPS: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """`epoch` is the one that shows it, or that it is about; `from_bps` and `to_bps` are commissions."""

    code: FlagCode
    sentence: str
    epoch: int | None = None
    since_epoch: int | None = None
    from_bps: int | None = None
    to_bps: int | None = None


_OF_NAME: Final[Mapping[str, Flag]] = {
    mark.value: Flag(code=code, sentence=f"{mark.told}.") for mark, code in CODES_OF_NAMES.items()
}


def flags_of(columns: Columns, *, until: int | None) -> list[list[Flag]]:
    """Of each row of FLAG_COLUMNS, in the order of the codes; `until` an epoch, as they were in it.

    At most four queries beside those of `marks_of`; fewer where nobody has a commission flag, or is in the
    superminority, and of an earlier epoch, of which leaving stake and operators are not told.
    """
    leaving, operators = (leaving_stakes(), large_operators()) if until is None else ({}, {})
    rows = _striking(columns, leaving, operators)
    of_now = {} if until is not None else _flags_of_now(rows.values(), leaving, operators)
    marked = [row["pk"] for row in rows.values() if row["commission_flags"]]
    prominent = [row["vote_account"] for row in rows.values() if row["superminority"]]
    marks, since = marks_of(marked, until=until), superminority_since(prominent, until=until)
    flags: list[list[Flag]] = [[] for _ in columns["pk"]]
    for place, row in rows.items():
        key = row["pk"]
        flags[place] = _flags(row, marks.get(key, ()), since, then=until is not None) + of_now.get(key, [])
    return flags


def _striking(
    columns: Columns, leaving: Collection[int], operators: Collection[str]
) -> dict[int, Mapping[str, Any]]:
    """By their places the rows that may have a flag: of thousands some hundred."""
    told = zip(*(columns[name] for name in _STRIKING_BY), strict=True)
    places = [place for place, row in enumerate(told) if _may_strike(row, leaving, operators)]
    return {place: {name: columns[name][place] for name in FLAG_COLUMNS} for place in places}


_STRIKING_BY: Final = (
    *("pk", "operator", "commission_flags", "superminority", "name_mark", "mev_commission_bps"),
    *("identity", "vote_state__withdrawer", "admission_next", "admission"),
)


def _may_strike(row: tuple[Any, ...], leaving: Collection[int], operators: Collection[str]) -> bool:
    """False only where none of the functions below that make flags finds one; these decide."""
    key, operator, flags, is_super, mark, bps, identity, withdrawer, first, second = row
    if flags or is_super or mark or _keeps_many(bps) or identity == withdrawer:
        return True
    return first == _OUT or second == _OUT or key in leaving or operator in operators


def with_flags(validators: Sequence[Any]) -> Sequence[Any]:
    """The same, each with what `with_marks` adds, and its flags of now as `flags_of_now` with labels."""
    rows = [
        {
            "pk": one.pk,
            **{name: getattr(one, name) for name in _COLUMNS_OF_NOW},
            "vote_state__epoch": one.vote_epoch,
        }
        for one in validators
    ]
    found = _flags_of_now(rows, leaving_stakes(), large_operators())
    for one in with_marks(validators):
        one.flags_of_now = [(_OF_NOW[flag.code], flag) for flag in found.get(one.pk, ())]
    return validators


_COLUMNS_OF_NOW: Final = ("mev_commission_bps", "mev_epoch", "operator", "operator_evidence")


def _flags_of_now(
    rows: Iterable[Mapping[str, Any]],
    leaving: Mapping[int, Leaving],
    operators: Mapping[str, LargeOperator],
) -> dict[int, list[Flag]]:
    """By key, of those that have any, in the order of the codes."""
    told = {
        row["pk"]: [
            *_of_tips(row["mev_commission_bps"], row["mev_epoch"]),
            *_of_holding(row, leaving, operators),
        ]
        for row in rows
    }
    return {key: flags for key, flags in told.items() if flags}


def _keeps_many(bps: int | None) -> bool:
    return (bps or 0) > HIGH_BPS


@lru_cache(maxsize=256)
def _of_tips(bps: int | None, epoch: int | None) -> tuple[Flag, ...]:
    if bps is None or not _keeps_many(bps):
        return ()
    takes_all = bps >= ALL_BPS
    code = FlagCode.MEV_COMMISSION_ALL if takes_all else FlagCode.MEV_COMMISSION_HIGH
    kept = "all of the tips, and stakers get none of them" if takes_all else f"{bps_percent(bps)} of the tips"
    sentence = f"It keeps {kept}, as its tip account of epoch {epoch} says."
    return (Flag(code=code, epoch=epoch, to_bps=bps, sentence=sentence),)


def _of_holding(
    row: Mapping[str, Any], leaving: Mapping[int, Leaving], operators: Mapping[str, LargeOperator]
) -> list[Flag]:
    found = []
    now, operator = leaving.get(row["pk"]), operators.get(row["operator"])
    if now is not None:
        found.append(Flag(code=FlagCode.STAKE_LEAVING, epoch=now.epoch, sentence=now.sentence))
    if operator is not None:
        epoch = row["vote_state__epoch"]
        sentence = operator.sentence(row["operator"], row["operator_evidence"], epoch=epoch)
        found.append(Flag(code=FlagCode.OPERATOR_LARGE, epoch=epoch, sentence=sentence))
    return found


def told_then(commission_flags: Iterable[str], flags: Iterable[Flag]) -> list[str]:
    """Of today's those that are among the flags of an earlier epoch."""
    codes = {flag.code for flag in flags}
    return [told for told in commission_flags if OF_COMMISSION[CommissionFlag(told)] in codes]


def _flags(
    row: Mapping[str, Any], marks: Iterable[CommissionMark], since: Mapping[str, Since], *, then: bool
) -> list[Flag]:
    dated = {mark.flag.value: _of_mark(mark) for mark in marks}
    found = list(dated.values())
    if row["commission_flags"] and not then:
        # An earlier epoch was not marked by what nobody can date any more.
        found += [_undated(told) for told in row["commission_flags"] if told not in dated]
    if row["superminority"]:
        found.append(_of_stake(since.get(row["vote_account"])))
    if row["vote_state__epoch"] is not None:
        found += _of_account(row)
    if row["name_mark"]:
        found.append(_OF_NAME[row["name_mark"]])
    return sorted(found, key=lambda flag: _PLACES[flag.code]) if len(found) > 1 else found


@lru_cache(maxsize=4_096)
def _of_mark(mark: CommissionMark) -> Flag:
    return Flag(
        code=OF_COMMISSION[mark.flag],
        epoch=mark.epoch,
        since_epoch=mark.since,
        from_bps=mark.from_bps,
        to_bps=mark.to_bps,
        sentence=f"Commission: {mark_said(mark)}.",
    )


def _undated(told: str) -> Flag:
    return Flag(code=OF_COMMISSION[CommissionFlag(told)], sentence=f"Commission: {undated_said(told)}.")


def _of_stake(since: Since | None) -> Flag:
    sentence, epoch = superminority_said(since), since and since.epoch
    return Flag(code=FlagCode.SUPERMINORITY, epoch=epoch, since_epoch=epoch, sentence=sentence)


def _of_account(row: Mapping[str, Any]) -> Iterable[Flag]:
    """What the raw account tells, as it was last read."""
    return _of_account_then(
        row["vote_state__epoch"],
        row["vote_state__withdrawer"] == row["identity"],
        row["admission_next"] == _OUT,
        row["admission"] == _OUT and row["admission_reason"],
        row["activated_stake"] > 0,
        row["admission_epoch"],
    )


# Thousands of one list have the same.
@lru_cache(maxsize=256)
def _of_account_then(
    epoch: int, is_own: bool, is_out: bool, will_be_out: str | Literal[False], has_stake: bool, running: int
) -> tuple[Flag, ...]:
    """`epoch` is the one it was read in, `will_be_out` why, or false."""
    found = []
    if is_own:
        sentence = withdrawer_said(epoch)
        found.append(Flag(code=FlagCode.WITHDRAWER_IS_IDENTITY, epoch=epoch, sentence=sentence))
    if is_out:
        sentence = not_admitted_said(running + 1, has_stake=has_stake)
        found.append(Flag(code=FlagCode.NOT_ADMITTED_NEXT_EPOCH, epoch=running + 1, sentence=sentence))
    if will_be_out is not False:
        said = to_be_left_out_said(running + 2, will_be_out, has_stake=has_stake)
        found.append(Flag(code=FlagCode.NOT_ADMITTED_AFTER_NEXT, epoch=running + 2, sentence=f"{said}."))
    return tuple(found)
