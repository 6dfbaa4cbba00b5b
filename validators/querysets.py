"""The questions that are asked of the tables in more than one place."""

from typing import TYPE_CHECKING, Self

from django.db import models

if TYPE_CHECKING:
    from validators.models import Fetch, ScoringRun, TrustScore, Validator  # noqa: F401


class ValidatorQuerySet(models.QuerySet["Validator"]):
    def present(self) -> Self:
        """Those that the newest fetch saw."""
        return self.filter(left_at=None)


class FetchQuerySet(models.QuerySet["Fetch"]):
    def newest(self) -> "Fetch | None":
        return self.order_by("-pk").first()


class ScoringRunQuerySet(models.QuerySet["ScoringRun"]):
    def completed(self) -> Self:
        return self.filter(status=self.model.Status.COMPLETED)

    def newest(self) -> "ScoringRun | None":
        return self.order_by("-pk").first()


class TrustScoreQuerySet(models.QuerySet["TrustScore"]):
    def by_rank(self) -> Self:
        return self.order_by("rank")
