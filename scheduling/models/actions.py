"""What the journal can say that somebody did."""

from django.db import models


class Action(models.TextChoices):
    """What was done to a job: as it is stored, and in words."""

    CREATED = "created", "set up"
    CHANGED = "changed", "set up otherwise"  # by set-up; by hand it is SET
    REMOVED = "removed", "removed"
    SET = "set", "changed"
    PAUSE = "pause", "paused"
    RESUME = "resume", "resumed"
    STRETCH = "stretch", "changed the interval by the load"
    TRIGGER = "trigger", "asked for a run"
    BACKFILL = "backfill", "asked for runs of the past"
    CANCEL = "cancel", "cancelled what waited"
    RETRY = "retry", "retried a run"
