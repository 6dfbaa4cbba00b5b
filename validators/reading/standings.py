"""The validators in an order, narrowed as somebody asks: what pages, the API and the admin list."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import (
    Case,
    Exists,
    F,
    FilteredRelation,
    FloatField,
    Func,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, NullIf

from validators.models import BlocksBasis, ClusterEpoch, ScoringRun, Validator
from validators.models.by_bytes import ByBytes
from validators.reading.admission import admission_columns
from validators.reading.flagged import with_any_flag
from validators.reading.flags import FlagCode
from validators.reading.picture import Picture, last_judged_epoch

Validators = QuerySet[Validator, Any]

# What lists can be sorted by: the name that addresses carry -> the column or annotation.
SORT_FIELDS: Final[Mapping[str, str]] = {
    "rank": "rank",
    "score": "score",
    "name": "known_name",
    "vote_performance": "vote_performance",
    "commission": "commission_bps",
    "stake": "activated_stake",
    "apy": "apy",
    "total_apy": "total_apy",
    "mev_commission": "mev_commission_bps",
    "skip_rate": "skip_rate",
    "version": "known_version",
}
TEXT_SORTS: Final = frozenset({"name", "version"})
DEFAULT_SORT: Final = "rank"
# The probability of a bad next epoch and how far what is unknown could move it, as methods store them.
RISKS: Final = ("risk", "risk_low", "risk_high")
# In one answer, also of a CSV.
MOST_ROWS: Final = 5_000
# Stake, then the vote account, decide between equals, so that no two pages show the same row, and every
# installation the same order. By merit nobody comes before an equal for its stake: there the vote account
# decides, and stake only orders those without a score.
_TIE_BREAK: Final = ("-known_stake", "account_bytes")
_BY_MERIT: Final = frozenset({"rank", "score"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowing:
    """Which validators somebody wants to see; None is any. Stake in lamports, commission in basis points.

    Whose value is unknown meets no limit, so of those without a tip account none keeps little of the tips.
    `flagged` goes for the `flags` where some are named, else for any; `flags` alone is having one of them.
    """

    search: str = ""
    vote_accounts: Collection[str] = ()
    identities: Collection[str] = ()
    least_stake: int | None = None
    most_commission_bps: int | None = None
    most_mev_commission_bps: int | None = None
    least_total_apy: float | None = None
    least_score: float | None = None
    client: str = ""
    version: str = ""
    network: str = ""
    country: str = ""
    operator: str = ""
    delinquent: bool | None = None
    superminority: bool | None = None
    flagged: bool | None = None
    flags: Collection[FlagCode] = ()
    left: bool | None = False


PRESENT: Final = Narrowing()


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Behind which row a page begins: its value of the sort, its stake and its vote account."""

    value: float | int | str | None
    stake: int
    account: str


def with_newest_score(validators: "QuerySet[Validator]", *, run: ScoringRun | None) -> Validators:
    """Add `rank`, `score` and `components` of a run, None where it has none, in one join."""
    relation = FilteredRelation("scores", condition=Q(scores__run=run.pk if run else None))
    return validators.alias(newest=relation).annotate(
        rank=F("newest__rank"), score=F("newest__score"), components=F("newest__components")
    )


def standings(
    picture: Picture, *, narrowing: Narrowing | None = PRESENT, sort: str = DEFAULT_SORT
) -> Validators:
    """Validators in the order of `sort` (a key of SORT_FIELDS, "-" before it turns it round).

    Without a narrowing that is everybody ever seen. Unknown values come last either way. Beside the score
    each has `skip_rate` of the running epoch so far, or of an ended one that is counted in all, and
    `vote_performance` and `leader_luck` of the newest ended epoch that is judged. Two queries.
    """
    validators = with_newest_score(Validator.objects.all(), run=picture.scoring_run)
    validators = _with_performance(validators, last_judged_epoch(picture)).annotate(
        skip_rate=_skip_rate(picture.epoch),
        # Null where a part is: what is unknown is no nothing.
        total_apy=F("apy") + F("mev_apy") + F("shared_apy") + F("block_apy"),
        vote_epoch=F("vote_state__epoch"),
        **admission_columns(picture.epoch),
    )
    ordered: Validators = in_order(with_known(validators), narrowing=narrowing, sort=sort)
    return ordered


def with_known(validators: Any) -> Any:
    """Add what lists are put in order by: `known_name`, `known_version`, `known_stake`, `account_bytes`."""
    return validators.annotate(
        known_name=ByBytes(NullIf("name", Value(""))), known_version=ByBytes(NullIf("version", Value("")))
    ).alias(known_stake=Coalesce("activated_stake", Value(0)), account_bytes=ByBytes("vote_account"))


def in_order(validators: Any, *, narrowing: Narrowing | None, sort: str) -> Any:
    """Those asked for, of rows that have all that SORT_FIELDS and Narrowing name."""
    narrowed = validators if narrowing is None else _narrowed(validators, narrowing)
    return narrowed.order_by(*_order(sort))


def with_risk(validators: Validators) -> Validators:
    """Add `risk`, `risk_low` and `risk_high` of standings, None where their method gives none."""
    # As numbers of the database, which nothing has to parse one by one.
    return validators.annotate(**{name: _Number("newest__components", name) for name in RISKS})


class _Number(Func):
    """A number in a JSON object, None where there is none.

    Django's own transform asks SQLite twice before what type it has: five times the time.
    """

    output_field = FloatField(null=True)

    def __init__(self, column: str, name: str) -> None:
        super().__init__(F(column), name=name)

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self.as_sql(
            compiler,
            connection,
            template="CAST(JSON_EXTRACT(%(expressions)s, '$.%(name)s') AS REAL)",
            **extra,
        )

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        template = "(%(expressions)s ->> '%(name)s')::double precision"
        return self.as_sql(compiler, connection, template=template, **extra)


def behind(validators: Any, place: Place, *, sort: str) -> Any:
    """Those that come after a place in the order of `sort`."""
    field, falling = _field(sort)
    later = Q(account_bytes__gt=place.account)
    by_stake = Q(known_stake__lt=place.stake) | (Q(known_stake=place.stake) & later)
    tied = later if field in _BY_MERIT and place.value is not None else by_stake
    unknown = Q(**{f"{field}__isnull": True})
    if place.value is None:
        return validators.filter(unknown & tied)
    further = Q(**{f"{field}__{'lt' if falling else 'gt'}": place.value})
    return validators.filter(further | (Q(**{field: place.value}) & tied) | unknown)


def place_of(validator: Mapping[str, Any], *, sort: str) -> Place:
    """The place of a row, given by column."""
    return Place(
        value=validator[_field(sort)[0]],
        stake=validator["activated_stake"] or 0,
        account=validator["vote_account"],
    )


def _skip_rate(running: int | None) -> Case:
    """Of an epoch that has ended, what was counted in a part of it is no skip rate of the epoch."""
    whole = Exists(
        ClusterEpoch.objects.filter(
            epoch=OuterRef("production_epoch"), blocks_basis__in=[BlocksBasis.FINAL, BlocksBasis.SCHEDULE]
        )
    )
    rate = 1.0 - Cast("blocks_produced", FloatField()) / F("leader_slots")
    known = Q(production_epoch__isnull=True) | Q(production_epoch__gte=running or 0) | whole
    return Case(
        When(Q(leader_slots__gt=0) & known, then=rate),
        default=None,
        output_field=FloatField(),
    )


def _with_performance(validators: Validators, judged: int | None) -> Validators:
    """How it voted in an ended epoch, and how lucky it was there as a leader."""
    if judged is None:
        # PostgreSQL puts nothing in the order of a bare constant.
        nothing = Cast(Value(None), FloatField())
        return validators.annotate(vote_performance=nothing, leader_luck=nothing)
    of_then = FilteredRelation("epochs", condition=Q(epochs__epoch=judged))
    return validators.alias(last=of_then).annotate(
        vote_performance=F("last__vote_performance"), leader_luck=F("last__leader_luck")
    )


def known_keys(*, vote_accounts: Collection[str], identities: Collection[str]) -> set[str]:
    """Of these, those that a fetch or a history ever told of; of identities, those of now. One query."""
    accounts = Validator.objects.filter(vote_account__in=vote_accounts).values_list("vote_account")
    nodes = Validator.objects.filter(identity__in=identities).values_list("identity")
    return {key for (key,) in accounts.union(nodes)}


def accounts_of_node(identity: str) -> list[str]:
    """The vote accounts of a node that are in the cluster; else, of those that left, the last one seen."""
    owned = Validator.objects.filter(identity=identity).order_by("-last_seen_at", ByBytes("vote_account"))
    accounts = list(owned.values_list("vote_account", "left_at"))
    present = [account for account, left_at in accounts if left_at is None]
    return present or [account for account, _ in accounts[:1]]


def nobody_has_stake() -> bool:
    """Of those present, so that nobody is scored either; False where nobody is there. One query."""
    most: int | None = Validator.objects.present().aggregate(most=Max("activated_stake"))["most"]
    return most == 0


def called(words: str) -> Q:
    """Whose name, vote account or identity holds these words, in whatever case."""
    words = words.strip()
    return Q(name__icontains=words) | Q(vote_account__icontains=words) | Q(identity__icontains=words)


def _narrowed(validators: Any, narrowing: Narrowing) -> Any:
    chosen = Q() if narrowing.left is None else Q(left_at__isnull=not narrowing.left)
    if narrowing.search:
        chosen &= called(narrowing.search)
    limits = {
        "activated_stake__gte": narrowing.least_stake,
        "commission_bps__lte": narrowing.most_commission_bps,
        "mev_commission_bps__lte": narrowing.most_mev_commission_bps,
        "total_apy__gte": narrowing.least_total_apy,
        "score__gte": narrowing.least_score,
        "client": narrowing.client or None,
        "version": narrowing.version or None,
        "network": narrowing.network or None,
        "country": narrowing.country or None,
        "operator": narrowing.operator or None,
        "delinquent": narrowing.delinquent,
        "superminority": narrowing.superminority,
        "vote_account__in": narrowing.vote_accounts or None,
        "identity__in": narrowing.identities or None,
    }
    chosen &= Q(**{field: limit for field, limit in limits.items() if limit is not None})
    if narrowing.flagged is not None or narrowing.flags:
        validators = with_any_flag(validators, narrowing.flags, has=narrowing.flagged is not False)
    return validators.filter(chosen)


def _field(sort: str) -> tuple[str, bool]:
    return SORT_FIELDS[sort.removeprefix("-")], sort.startswith("-")


def _order(sort: str) -> tuple[Any, ...]:
    field, falling = _field(sort)
    first = F(field).desc(nulls_last=True) if falling else F(field).asc(nulls_last=True)
    if field not in _BY_MERIT:
        return (first, *_TIE_BREAK)
    unscored = Case(When(**{f"{field}__isnull": True}, then=F("known_stake")), default=0)
    return (first, unscored.desc(), "account_bytes")
