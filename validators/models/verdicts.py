"""What rule sets say of validators, as it was found last."""

from django.db import models

from validators.models.validators import Validator

THE_JUDGING = 1


class RuleVerdict(models.Model):
    """One rule set's verdict on one validator; written when it is another one than before.

    `findings` are those of its rules that fail or are not known: the fields of `rules.findings.Finding`, and
    `was`, what a rule of which nothing is known said when something was. All others pass.
    Gone with the validator that left, and with the rule set.
    """

    class Result(models.TextChoices):
        """As `rules.findings.Outcome`."""

        PASSES = "passes"
        # Every rule is met, and a ranking or an auction chooses.
        ELIGIBLE = "eligible"
        FAILS = "fails"
        UNKNOWN = "unknown"

    # The unique constraint serves the look-up by validator.
    validator = models.ForeignKey(
        Validator, on_delete=models.CASCADE, related_name="verdicts", db_index=False
    )
    rules = models.CharField(max_length=40, help_text="The rule set's name")
    rules_version = models.CharField(max_length=40)
    result = models.CharField(max_length=8, choices=Result.choices)
    measured = models.CharField(
        max_length=8, choices=Result.choices, help_text="By those rules alone that can be looked at"
    )
    findings = models.JSONField(default=list)
    since_epoch = models.BigIntegerField(help_text="In which the result was first this one")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["validator", "rules"], name="validators_verdict_once"),
        ]
        indexes = [
            # How many of each result, and who, in both directions.
            models.Index(fields=["rules", "result", "id"], name="validators_verdict_by_rules"),
        ]

    def __str__(self) -> str:
        return f"Validator {self.validator_id}: {self.result} by {self.rules}"


class Judging(models.Model):
    """When everybody was judged lately, so that what happened since is news however long nobody looked; one
    row."""

    epochs = models.JSONField(default=list, help_text="That ran then; the newest last")

    def __str__(self) -> str:
        return f"Judged in epochs {self.epochs}"
