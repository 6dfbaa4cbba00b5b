"""What a fetch has to tell beside the changes that have tables of their own: who came and went, and the
superminority."""

from collections.abc import Collection, Iterable, Mapping

from validators.models import ClusterEpoch, Fetch
from validators.services.events import Kind, News
from validators.services.stored import StoredValidator


def who_moved(
    joined: Collection[str],
    keys: Mapping[str, int],
    stored: Mapping[str, StoredValidator],
    *,
    left: Iterable[int],
) -> list[News]:
    """Who is there and was not at the fetch before, and who is gone since; one known from history only was
    never seen."""
    seen = {account for account in joined if account in stored and stored[account].seen_by_a_fetch}
    return [
        *(News(Kind.JOINED, keys[account], {"returned": account in seen}) for account in joined),
        *(News(Kind.LEFT, key) for key in left),
    ]


def superminority_before(previous: Fetch | None) -> list[str]:
    """As the fetch before left it, by vote account; empty where nobody knows."""
    row = None if previous is None else ClusterEpoch.objects.filter(epoch=previous.epoch).first()
    return row.superminority if row else []


def superminority_moves(
    keys: Mapping[str, int], *, before: Collection[str], after: Collection[str]
) -> list[News]:
    """Who came into it and who fell out; nothing where one of both is not known."""
    if not before or not after:
        return []
    entered, left = set(after).difference(before), set(before).difference(after)
    return [
        *(News(Kind.SUPERMINORITY_ENTERED, keys[account]) for account in sorted(entered)),
        *(News(Kind.SUPERMINORITY_LEFT, keys[account]) for account in sorted(left) if account in keys),
    ]
