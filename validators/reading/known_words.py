"""Words that narrow lists to what validators have: by a misspelt one all that is held would leave."""

from collections.abc import Sequence
from typing import Any, Final, Literal

from django.db.models import Count, QuerySet

from scheduling.api.unknown import there_is_no
from validators.models import Validator, ValidatorEpoch
from validators.solana.versions import Client

# Each is the name of a column, and in a sentence what its words are.
Field = Literal["client", "version", "network", "country", "operator"]
FIELDS: Final[Sequence[Field]] = ("client", "version", "network", "country", "operator")


def word_problem(field: Field, word: str, *, epoch: int | None = None) -> str:
    """Why a word is refused that nobody has, or in an `epoch` that is asked for nobody had.

    Empty where somebody does, and of a client that somebody may run. One query, a second where it is refused.
    """
    rows: QuerySet[Any] = (
        Validator.objects.all() if epoch is None else ValidatorEpoch.objects.filter(epoch=epoch)
    )
    clients = list(Client) if field == "client" else []
    if not word or word in clients or rows.filter(**{field: word}).exists():
        return ""
    counts = rows.exclude(**{field: ""}).order_by().values_list(field).annotate(Count("pk"))
    there_are = [name for name, _ in sorted(counts, key=lambda pair: (-pair[1], pair[0]))]
    return there_is_no(word, list(dict.fromkeys([*clients, *there_are])), kind=field)
