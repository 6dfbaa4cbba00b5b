"""The database of networks that was read last, and how stake was spread, by epoch."""

from typing import Any, Final

from django.db import models

# There is one row.
THE_NETWORKS: Final = 1


class NetworkDatabase(models.Model):
    """What the files of ASN_DATABASE said of themselves when they were read last; one row."""

    # Of each file its name, kind, bytes and when it was made.
    files: Any = models.JSONField(default=list)
    # Another whenever the setting or a file is another: then all addresses are looked up again.
    mark = models.CharField(max_length=64, blank=True)
    problem = models.CharField(
        max_length=400, blank=True, help_text="Why it could not be read when that was tried last"
    )
    tried_at = models.DateTimeField()

    def __str__(self) -> str:
        return ", ".join(one["name"] for one in self.files) or "No database of networks"


class ConcentrationEpoch(models.Model):
    """How the stake of one epoch is spread over networks, countries, addresses, clients or operators.

    Never deleted. As the last look at the nodes in that epoch left it. None is unknown.
    """

    class By(models.TextChoices):
        """What groups are made by."""

        NETWORK = "network"
        COUNTRY = "country"
        ADDRESS = "address"
        CLIENT = "client"
        OPERATOR = "operator"

    class Basis(models.TextChoices):
        """What a group is."""

        # The autonomous system that a database has for an address.
        ASN = "asn"
        # The /24, of IPv6 the /48, of an address: hides that many of them are one network's.
        PREFIX = "prefix"
        # The country that a database has for an address.
        DATABASE = "database"
        # What the node says of itself.
        GOSSIP = "gossip"
        # What accounts have in common.
        EVIDENCE = "evidence"

    epoch = models.BigIntegerField()
    by = models.CharField(max_length=8, choices=By.choices)
    basis = models.CharField(max_length=8, choices=Basis.choices)
    total_stake = models.BigIntegerField(help_text="Lamports of all that were present")
    groups = models.IntegerField(help_text="That are known")
    unknown_stake = models.BigIntegerField(help_text="Lamports of those whose group is unknown")
    nakamoto = models.IntegerField(
        null=True, help_text="The fewest known groups with more than a third of all stake"
    )
    nakamoto_at_least = models.IntegerField(
        null=True, help_text="That, if all that is unknown were the largest's"
    )
    herfindahl = models.FloatField(null=True, help_text="Sum of the squares of the shares of all stake")
    largest_key = models.CharField(max_length=44, blank=True)
    largest_name = models.CharField(max_length=200, blank=True)
    largest_stake = models.BigIntegerField(null=True, help_text="Lamports")
    looked_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["epoch", "by"], name="validators_concentration_once"),
        ]

    def __str__(self) -> str:
        return f"Stake by {self.by} in epoch {self.epoch}"

    @property
    def largest_share(self) -> float | None:
        """Of all stake; None where no group is known, or nothing is staked."""
        return self.largest_stake / self.total_stake if self.largest_stake and self.total_stake else None
