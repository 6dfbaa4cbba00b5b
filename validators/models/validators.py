"""One vote account, now and by epoch."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Self

from django.db import models

from validators.models.by_bytes import ByBytes
from validators.solana.arithmetic import ALL_BPS, CreditsUnit
from validators.solana.economics import ApyBasis
from validators.solana.look_alikes import NameMark
from validators.solana.text import (
    LONGEST_DETAILS,
    LONGEST_KEYBASE,
    LONGEST_LINK,
    LONGEST_NAME,
    LONGEST_VERSION,
)

PUBKEY_LENGTH = 44
CLIENT_LENGTH = 30
# Of IPv6, with the length of a prefix.
LONGEST_ADDRESS = 43
LONGEST_NETWORK_NAME = 80

CREDITS_UNITS = [
    (CreditsUnit.VOTE_CREDITS.value, "vote credits"),
    (CreditsUnit.LAMPORTS.value, "lamports"),
]


class Origin(models.TextChoices):
    """Where a row comes from."""

    # Our own fetches.
    LIVE = "live"
    # `manage.py import_epochs`.
    IMPORTED = "imported"
    # The 64 epochs that a vote account remembers.
    ACCOUNT = "account"
    # Jito's ValidatorHistory accounts: `manage.py import_history --from chain`.
    HISTORY = "history"


class CommissionSource(models.TextChoices):
    """Who says so; each may be wrong in its own way."""

    # The vote account's own setting, as getVoteAccounts shows it.
    VOTE_ACCOUNT = "vote_account"
    # A file of history, or Jito's accounts of it.
    IMPORTED = "imported"


def of_history_alone(*, first_seen_at: datetime | None, left_at: datetime | None) -> bool:
    """An import writes both at once; a fetch that saw an account is before one that missed it."""
    return left_at is not None and left_at == first_seen_at


class ValidatorQuerySet(models.QuerySet["Validator"]):
    def present(self) -> Self:
        """Those that the newest fetch saw."""
        return self.filter(left_at=None)

    def of_account(self, vote_account: str) -> "Validator | None":
        """None for one that no fetch and no history ever told of."""
        return self.filter(vote_account=vote_account).first()

    def accounts_of(self, identity: str) -> list[str]:
        """The vote accounts of a node's key, in order; none of a key that is no node's."""
        accounts = self.filter(identity=identity).order_by(ByBytes("vote_account"))
        return list(accounts.values_list("vote_account", flat=True))

    def keys_of(self, vote_accounts: Collection[str]) -> dict[str, int]:
        """The primary key of each of these that there is."""
        return dict(self.filter(vote_account__in=vote_accounts).values_list("vote_account", "pk"))


class Validator(models.Model):
    """A vote account as the newest fetch that held it saw it; never deleted."""

    vote_account = models.CharField(max_length=PUBKEY_LENGTH, unique=True)
    identity = models.CharField(
        max_length=PUBKEY_LENGTH, help_text="Node key; may change, may own several vote accounts"
    )
    # What the validator writes about itself: text, never trusted.
    name = models.CharField(max_length=LONGEST_NAME, blank=True, db_default="")
    name_mark = models.CharField(
        max_length=20,
        blank=True,
        db_default="",
        choices=[(mark.value, mark.told) for mark in NameMark],
        help_text="What was striking about its name when names were asked for last",
    )
    website = models.CharField(max_length=LONGEST_LINK, blank=True, db_default="")
    icon_url = models.CharField(max_length=LONGEST_LINK, blank=True, db_default="")
    details = models.CharField(max_length=LONGEST_DETAILS, blank=True, db_default="")
    keybase = models.CharField(max_length=LONGEST_KEYBASE, blank=True, db_default="")
    activated_stake = models.BigIntegerField(help_text="Lamports")
    commission_bps = models.IntegerField(null=True, blank=True)
    commission_confirmed_bps = models.IntegerField(
        null=True, blank=True, help_text="The last that two looks agreed on"
    )
    delinquent = models.BooleanField(help_text="Last vote 128 slots behind or more")
    epoch_vote_account = models.BooleanField(help_text="Staked for the running epoch")
    last_vote = models.BigIntegerField(help_text="Slot")
    root_slot = models.BigIntegerField(null=True, blank=True)
    superminority = models.BooleanField(
        db_default=False, help_text="One of the fewest that hold more than a third of the stake"
    )
    # Of the node that gossip knows by this identity; empty is unknown.
    version = models.CharField(max_length=LONGEST_VERSION, blank=True, db_default="")
    client = models.CharField(max_length=CLIENT_LENGTH, blank=True, db_default="")
    version_epoch = models.BigIntegerField(
        null=True, blank=True, help_text="In which gossip last told its version"
    )
    version_current = models.BooleanField(
        null=True, blank=True, help_text="At least what 66 % of the stake of its version's lineage runs"
    )
    # Where that node is; empty and null are unknown.
    address = models.CharField(
        max_length=LONGEST_ADDRESS, blank=True, db_default="", help_text="As gossip last told it"
    )
    address_epoch = models.BigIntegerField(
        null=True, blank=True, help_text="In which gossip last told its address"
    )
    network = models.CharField(
        max_length=LONGEST_ADDRESS,
        blank=True,
        db_default="",
        help_text="AS and its number; without a database of networks the /24 or, of IPv6, the /48",
    )
    network_name = models.CharField(
        max_length=LONGEST_NETWORK_NAME, blank=True, db_default="", help_text="As the database has it"
    )
    country = models.CharField(
        max_length=2, blank=True, db_default="", help_text="As the database of networks has it"
    )
    # Who runs it, by what it has in common with others.
    operator = models.CharField(
        max_length=PUBKEY_LENGTH,
        blank=True,
        db_default="",
        help_text="The withdraw authority of most of the operator's accounts",
    )
    operator_evidence = models.JSONField(
        default=list, blank=True, db_default=[], help_text="What it has in common with which others"
    )
    # Of the identity, in the epoch beside them.
    leader_slots = models.BigIntegerField(null=True, blank=True)
    blocks_produced = models.BigIntegerField(null=True, blank=True)
    production_epoch = models.BigIntegerField(null=True, blank=True)
    commission_flags = models.JSONField(
        default=list, blank=True, db_default=[], help_text="What was striking about its commission, ever"
    )
    apy = models.FloatField(null=True, blank=True, help_text="By the mean return of up to ten epochs")
    apy_basis = models.CharField(
        max_length=8, blank=True, db_default="", choices=[(one.value, one.value) for one in ApyBasis]
    )
    apy_epochs = models.IntegerField(null=True, blank=True, help_text="How many epochs that mean is of")
    # As MevEpoch tells, in the newest epoch of which it does.
    runs_jito = models.BooleanField(null=True, blank=True)
    mev_commission_bps = models.IntegerField(null=True, blank=True)
    mev_epoch = models.BigIntegerField(null=True, blank=True, help_text="Of which both are")
    mev_apy = models.FloatField(null=True, blank=True, help_text="What tips add to the APY; none is 0")
    mev_apy_basis = models.CharField(
        max_length=8, blank=True, db_default="", choices=[(one.value, one.value) for one in ApyBasis]
    )
    shared_apy = models.FloatField(
        null=True, blank=True, help_text="What shared priority fees add to it; none is 0"
    )
    mev_apy_epochs = models.IntegerField(
        null=True, blank=True, help_text="How many epochs these two are the mean of"
    )
    block_apy = models.FloatField(
        null=True, blank=True, help_text="What block revenue adds that the chain hands on (SIMD-0123)"
    )
    # Of one that only a history tells of, all three are when that was read.
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True, blank=True, help_text="When a fetch first missed it")

    objects = ValidatorQuerySet.as_manager()

    class Meta:
        indexes = [
            # All vote accounts of one node.
            models.Index(fields=["identity"], name="validator_by_identity"),
        ]

    def __str__(self) -> str:
        return self.name or self.vote_account

    @property
    def is_of_history_alone(self) -> bool:
        """Whether no fetch ever saw it: when it left nobody knows."""
        return of_history_alone(first_seen_at=self.first_seen_at, left_at=self.left_at)

    @property
    def keeps_all(self) -> bool:
        """Whether its commission of now leaves stakers nothing, whatever its APY was."""
        return self.commission_bps is not None and self.commission_bps >= ALL_BPS


class ValidatorEpoch(models.Model):
    """What one validator did in one epoch; the history that everything is computed from."""

    # The unique constraint serves the look-up by validator.
    validator = models.ForeignKey(Validator, on_delete=models.CASCADE, related_name="epochs", db_index=False)
    epoch = models.BigIntegerField()
    credits = models.BigIntegerField(
        null=True, blank=True, help_text="Earned in the epoch, in the unit beside it"
    )
    credits_unit = models.CharField(max_length=12, choices=CREDITS_UNITS)
    credits_before_split = models.BigIntegerField(
        null=True, blank=True, help_text="Vote credits of the migration epoch's first part"
    )
    cumulative_credits_at_start = models.BigIntegerField(null=True, blank=True)
    # Whoever writes credits of an epoch that runs says so; all else is told of epochs that are over.
    credits_final = models.BooleanField(
        db_default=True, help_text="The epoch was over when these were seen, so they will not change"
    )
    # As the fetches of the epoch saw it; None for an epoch that nobody saw live.
    commission_first_bps = models.IntegerField(null=True, blank=True)
    commission_last_bps = models.IntegerField(null=True, blank=True)
    # Of those that a second look confirmed: what is striking for ever is made of these.
    commission_min_bps = models.IntegerField(null=True, blank=True)
    commission_max_bps = models.IntegerField(null=True, blank=True)
    commission_source = models.CharField(
        max_length=12, choices=CommissionSource.choices, blank=True, db_default=""
    )
    activated_stake = models.BigIntegerField(null=True, blank=True, help_text="Lamports")
    identity = models.CharField(max_length=PUBKEY_LENGTH, blank=True, db_default="", help_text="As last seen")
    version = models.CharField(max_length=LONGEST_VERSION, blank=True, db_default="")
    client = models.CharField(max_length=CLIENT_LENGTH, blank=True, db_default="")
    fetches = models.IntegerField(db_default=0, help_text="That saw it in this epoch")
    delinquent_fetches = models.IntegerField(db_default=0, help_text="Of them that saw it delinquent")
    delinquent_at_end = models.BooleanField(
        null=True, blank=True, help_text="In the last fetch of the epoch that saw it"
    )
    end_performance = models.FloatField(
        null=True, blank=True, help_text="In a stretch before the epoch's last snapshot, against the median"
    )
    leader_slots = models.BigIntegerField(null=True, blank=True, help_text="Of the identity")
    blocks_produced = models.BigIntegerField(null=True, blank=True)
    skip_rate = models.FloatField(null=True, blank=True, help_text="Share of leader slots without a block")
    blocks_basis = models.CharField(max_length=8, blank=True, db_default="", help_text="As BlocksBasis")
    vote_performance = models.FloatField(
        null=True, blank=True, help_text="Against the cluster's mean, without the leader's luck"
    )
    leader_luck = models.FloatField(
        null=True, blank=True, help_text="Blocks made, against those that its stake expects"
    )
    estimated_return = models.FloatField(
        null=True, blank=True, help_text="Per staked lamport in this epoch; only once it has ended"
    )
    source = models.CharField(max_length=8, choices=Origin.choices, db_default=Origin.LIVE)
    fetched_at = models.DateTimeField()

    # Set where histories are read: whether the epoch is over, and our looks ended inside it.
    is_unfinished = False
    blocks_unfinished = False
    # As well: the MevEpoch and the StakeEpoch beside it, None while nobody looked at its accounts.
    told_mev: Any = None
    told_stakes: Any = None
    # The JitoEpoch beside it, None where Jito's history was not read.
    told_jito: Any = None

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["validator", "epoch"], name="validator_epoch_once"),
        ]
        indexes = [
            # The cluster in one epoch: scoring, and closing the epoch.
            models.Index(fields=["epoch"], name="validator_epoch_by_epoch"),
            # Who has an ended epoch that was never seen whole: a few among hundreds of thousands.
            models.Index(
                fields=["epoch", "validator"],
                condition=models.Q(credits_final=False),
                name="validator_epoch_unfinished",
            ),
        ]

    def __str__(self) -> str:
        return f"Validator {self.validator_id} in epoch {self.epoch}"
