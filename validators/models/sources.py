"""Where the numbers come from, and how old they are."""

from typing import ClassVar

from django.db import models


class SourceState(models.Model):
    """What became of the latest attempts on one source; its last good values stay whatever fails."""

    class Source(models.TextChoices):
        # getVoteAccounts and getEpochInfo: stake, credits, commission.
        VOTES = "votes"
        # getBlockProduction: leader slots and blocks.
        PRODUCTION = "production"
        # getClusterNodes: versions and clients.
        NODES = "nodes"
        # The Config program's accounts: names and websites.
        NAMES = "names"
        # getInflationRate and getSupply.
        INFLATION = "inflation"
        # Feature accounts, clock and rewards: slot time, Alpenglow, the admission rule.
        CLUSTER = "cluster"
        # The vote accounts themselves: 64 epochs of credits, collectors, balance, BLS key.
        VOTE_STATES = "vote-states"
        # Jito's distribution accounts: tips, priority fees that are shared, and what is kept of both.
        MEV = "mev", "MEV"
        # Accounts of stake pools and their lists of validators: who stakes with whom.
        POOLS = "pools"
        # getProgramAccounts of their programs: which pools there are.
        POOL_SEARCH = "pool-search"
        # getProgramAccounts of the stake program: how many stake accounts, what comes and leaves, whose own.
        STAKES = "stakes"

    source = models.CharField(max_length=12, choices=Source.choices, unique=True)
    endpoint = models.CharField(
        max_length=500, blank=True, default="", help_text="Who answered last, with keys masked"
    )
    last_success_at = models.DateTimeField(null=True, blank=True)
    last_attempt_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True, default="", help_text="Empty when the last attempt succeeded")
    unavailable_until = models.DateTimeField(
        null=True, blank=True, help_text="Not asked before, because no endpoint offers the method"
    )
    rejected_count = models.IntegerField(default=0, help_text="Records of the last success left out")
    rejected = models.JSONField(default=list, blank=True, help_text="Key and reason of the first hundred")

    def __str__(self) -> str:
        return str(self.source)

    @property
    def is_not_offered(self) -> bool:
        """Each endpoint refused the last attempt as one that it does not offer; nothing failed."""
        asked, again = self.last_attempt_at, self.unavailable_until
        return bool(asked is not None and again is not None and asked < again)


class EndpointState(models.Model):
    """How an endpoint has been; the ones that were well are asked first."""

    name = models.CharField(max_length=500, unique=True, help_text="As configured, or with keys masked")
    plausible_at = models.DateTimeField(null=True, blank=True, help_text="Its last answer that could be true")
    plausible_slot = models.BigIntegerField(null=True, blank=True, help_text="Of its last look at the votes")
    slots_behind = models.BigIntegerField(
        null=True, blank=True, help_text="Behind the last good look, when it was last asked"
    )
    doubt = models.CharField(
        max_length=24,
        blank=True,
        default="",
        help_text="Why its last answer cannot be true (plausibility.Kind)",
    )
    failures = models.IntegerField(default=0, help_text="In a row")
    failed_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True, default="", help_text="Of the last failure")
    genesis_checked_at = models.DateTimeField(
        null=True, blank=True, help_text="When it last was known to be of this cluster"
    )

    def __str__(self) -> str:
        return str(self.name)


class DoubtedLook(models.Model):
    """A look that was refused as unlikely; the same again and again is the truth. One row at most."""

    kind = models.CharField(max_length=24, help_text="See validators.solana.plausibility")
    validators = models.IntegerField()
    stake = models.BigIntegerField(help_text="Lamports")
    times = models.IntegerField(default=1, help_text="In a row")
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.kind}: {self.validators} validators, {self.times} times"


class RequestTally(models.Model):
    """How many requests for a method to an endpoint ended in one way; it only ever grows."""

    endpoint = models.CharField(max_length=255, help_text="Its name, else host and port: never a key")
    method = models.CharField(max_length=60)
    outcome = models.CharField(max_length=20, help_text="See validators.solana.request_counts")
    requests = models.PositiveBigIntegerField(default=0)

    class Meta:
        verbose_name_plural = "request tallies"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["endpoint", "method", "outcome"], name="validators_request_tally_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.endpoint} {self.method}: {self.requests} {self.outcome}"
