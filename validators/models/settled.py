"""What is known of a validator's epochs, summed up, so that years of them are not read for a list."""

from typing import Any

from django.db import models

from validators.models.validators import Validator


class SettledPast(models.Model):
    """A validator's epochs before one, as stretches in which nothing changed; its rows tell the same.

    Whoever writes an epoch before `before` calls `settled_past.settle_again`, in the same transaction.
    Of whom there is no row all epochs are read, until the clean-up sums them up.
    """

    validator = models.OneToOneField(
        Validator, on_delete=models.CASCADE, primary_key=True, related_name="settled_past"
    )
    before = models.BigIntegerField(help_text="The first epoch that is not summed up here")
    # In the order of time, each a list in the order of `settled_past.Stretch`.
    stretches: Any = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"Validator {self.validator_id} before epoch {self.before}"
