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


class RequestTally(models.Model):
    """How many requests for a method to an endpoint ended in one way; it only ever grows."""

    endpoint = models.CharField(max_length=255, help_text="Host and port alone, so without a key")
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
