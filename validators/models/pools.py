"""Stake pools, and what each of them stakes with whom."""

from django.db import models

from validators.models.validators import PUBKEY_LENGTH, Validator
from validators.solana.programs.stake_pools import PROGRAMS, EntryStatus, token_value


class StakePool(models.Model):
    """A stake pool as its own accounts told last; never deleted. None is unknown: nobody looked yet."""

    address = models.CharField(max_length=PUBKEY_LENGTH, unique=True)
    name = models.CharField(
        max_length=20, blank=True, db_default="", help_text="As we know it; the chain names no pool"
    )
    program = models.CharField(max_length=PUBKEY_LENGTH)
    validator_list = models.CharField(max_length=PUBKEY_LENGTH, blank=True, db_default="")
    mint = models.CharField(max_length=PUBKEY_LENGTH, blank=True, db_default="", help_text="Of its token")
    total_lamports = models.BigIntegerField(
        null=True, blank=True, help_text="All that it holds, as of its last update"
    )
    supply = models.BigIntegerField(
        null=True, blank=True, help_text="Billionths of its token, as of its last update"
    )
    updated_epoch = models.BigIntegerField(
        null=True, blank=True, help_text="In which the pool itself reckoned these two last"
    )
    active = models.BigIntegerField(null=True, blank=True, help_text="Lamports staked, of all on its list")
    transient = models.BigIntegerField(
        null=True, blank=True, help_text="Lamports on their way in or out, of all on its list"
    )
    entries = models.IntegerField(null=True, blank=True, help_text="Validators on its list")
    strangers = models.IntegerField(
        null=True, blank=True, help_text="Of them, those that no fetch of votes ever saw"
    )
    is_there = models.BooleanField(null=True, blank=True, help_text="In the newest look; None before one")
    epoch = models.BigIntegerField(null=True, blank=True, help_text="Running when its list was last read")
    slot = models.BigIntegerField(null=True, blank=True, help_text="Of that look")
    looked_at = models.DateTimeField(null=True, blank=True)
    found_at = models.DateTimeField(help_text="When we first knew of it")

    def __str__(self) -> str:
        return self.name or self.address

    @property
    def program_name(self) -> str:
        """What people call its program."""
        return PROGRAMS.get(self.program, self.program)

    @property
    def token_value(self) -> float | None:
        """SOL that one of its tokens stands for, as of its last update."""
        return token_value(self.total_lamports, self.supply)

    @property
    def is_stale(self) -> bool:
        """Whether its total is of an epoch before the one of the newest look."""
        return self.updated_epoch is not None and self.updated_epoch < (self.epoch or 0)


class PoolStake(models.Model):
    """What a pool staked with a validator in an epoch, as its list told in the last look; never deleted."""

    class Source(models.TextChoices):
        """Who says so."""

        # The pool's own list of validators.
        LIST = "list"

    # The unique constraint serves the look-up by pool.
    pool = models.ForeignKey(StakePool, on_delete=models.CASCADE, related_name="stakes", db_index=False)
    validator = models.ForeignKey(
        Validator, on_delete=models.CASCADE, related_name="pool_stakes", db_index=False
    )
    epoch = models.BigIntegerField(help_text="Running when the list was read")
    active = models.BigIntegerField(help_text="Lamports, with the rent of the stake account")
    transient = models.BigIntegerField(help_text="Lamports on their way in or out")
    updated_epoch = models.BigIntegerField(help_text="In which the pool itself reckoned these two last")
    status = models.CharField(max_length=24, choices=[(one.value, one.value) for one in EntryStatus])
    slot = models.BigIntegerField(help_text="Of the look")
    looked_at = models.DateTimeField()
    source = models.CharField(max_length=8, choices=Source.choices, db_default=Source.LIST)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["pool", "epoch", "validator"], name="validators_pool_stake_once"),
        ]
        indexes = [
            # Who stakes with one validator, now and in an epoch.
            models.Index(fields=["validator", "epoch"], name="validators_pool_by_validator"),
        ]

    def __str__(self) -> str:
        return f"Stake of pool {self.pool_id} with validator {self.validator_id} in epoch {self.epoch}"

    @property
    def is_stale(self) -> bool:
        """Whether the pool had not yet reckoned it anew in the epoch of the look."""
        return self.updated_epoch < self.epoch
