"""Which epochs somebody saw while they ran."""

from collections.abc import Collection

from django.db.models import Count

from validators.models import ValidatorEpoch
from validators.services.bulk import read_rows
from validators.solana.performance import was_looked_at


def looked_at(epochs: Collection[int]) -> frozenset[int]:
    """Those of them. By the rows, as a score knows it: that a file told of some accounts is no look."""
    rows = ValidatorEpoch.objects.filter(epoch__in=epochs).order_by().values_list("epoch")
    counted = read_rows(rows.annotate(Count("activated_stake"), Count("pk")))
    return frozenset(
        epoch for epoch, stakes, accounts in counted if was_looked_at(stakes=stakes, accounts=accounts)
    )
