"""Storing which stake pools there are, and how much each of them stakes with whom, by epoch."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.utils import timezone

from validators.exceptions import ImplausibleError
from validators.models import Fetch, PoolStake, StakePool, Validator
from validators.services import bulk
from validators.services.attempts import attempt, newest_fetch, refuse_if_behind
from validators.services.sources import Source, record_success
from validators.solana.accounts import METHOD
from validators.solana.program_accounts import SEARCH_METHOD
from validators.solana.programs.stake_pools import KNOWN
from validators.solana.records import Records
from validators.solana.stake_pools import FoundPool, PoolLook, Pools, ask_pools, ask_which_pools

# Of one run: a request for the list of each. Public endpoints allow 40 of a method in ten seconds.
MOST_POOLS: Final = 22
# Beside those that are known by name: the largest. Hundreds of others hold next to nothing.
MOST_FOUND: Final = 100
# Pools are not closed: an answer that lacks more of those that were there is not this chain's.
MOST_VANISHED: Final = 0.5

_OF_POOL: Final = (
    *("name", "program", "validator_list", "mint", "total_lamports", "supply", "updated_epoch"),
    *("active", "transient", "entries", "strangers", "is_there", "epoch", "slot", "looked_at"),
)
_STAKE: Final = ("pool_id", "epoch", "validator_id")
_OF_STAKE: Final = ("active", "transient", "updated_epoch", "status", "slot")


def fetch_pools() -> dict[str, Any]:
    """Ask for pools and their lists: those that are known by name, then who was looked at longest ago.

    At most 24 requests: two, and one for each pool that is there.
    """
    newest = newest_fetch()
    known = {pool.address: pool for pool in StakePool.objects.all()}
    asked = _asked(known)
    return attempt(
        Source.POOLS,
        newest=newest,
        ask=lambda endpoint: ask_pools(
            endpoint, asked, least_slot=newest.absolute_slot, latest_epoch=newest.epoch + 1
        ),
        judge=lambda endpoint, pools: _judge(endpoint, pools, asked, known, newest),
        store=lambda pools, _: _store(pools, known, newest),
    )


def fetch_pool_search() -> dict[str, Any]:
    """Ask the programs which pools they have, and remember the largest: three requests.

    What is in them the next look at the pools tells.
    """
    newest = newest_fetch()
    return attempt(
        Source.POOL_SEARCH,
        newest=newest,
        ask=lambda endpoint: ask_which_pools(endpoint, least_slot=newest.absolute_slot),
        judge=lambda endpoint, found: refuse_if_behind(endpoint, found.slot, newest, method=SEARCH_METHOD),
        store=lambda found, _: _remember(found.records),
    )


def _asked(known: Mapping[str, StakePool]) -> list[str]:
    """Who was never looked at comes before the others."""
    others = [pool for address, pool in known.items() if address not in KNOWN]
    others.sort(key=lambda pool: (pool.slot or 0, pool.address))
    return [*KNOWN, *(pool.address for pool in others)][:MOST_POOLS]


def _judge(
    endpoint: str, pools: Pools, asked: Sequence[str], known: Mapping[str, StakePool], newest: Fetch
) -> None:
    """Raises an ImplausibleError for a node that is behind, and for one that lacks what there was."""
    refuse_if_behind(endpoint, pools.slot, newest, method=METHOD)
    were_there = {address for address in asked if address in known and known[address].is_there}
    missing = were_there.intersection(pools.missing)
    if len(missing) > MOST_VANISHED * len(were_there):
        cause = f"{len(missing)} of {len(were_there)} stake pools are missing that were there"
        raise ImplausibleError(endpoint, METHOD, cause)


def _store(pools: Pools, known: Mapping[str, StakePool], newest: Fetch) -> dict[str, Any]:
    bulk.serialize_writers()
    now = timezone.now()
    accounts = dict(bulk.read_rows(Validator.objects.values_list("vote_account", "pk")))
    # Another run may have looked meanwhile: what it stored is not taken back.
    slots = dict(bulk.read_rows(StakePool.objects.values_list("address", "slot")))
    looks = [look for look in pools.records.good if look.slot >= (slots.get(look.pool.address) or 0)]
    epochs = [newest.epoch_of(look.slot) for look in looks]
    rows = [_row(look, accounts, epoch=epoch, at=now) for look, epoch in zip(looks, epochs, strict=True)]
    stored = StakePool.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["address"], update_fields=_OF_POOL
    )
    keys = [(pool.pk, epoch) for pool, epoch in zip(stored, epochs, strict=True)]
    _store_stakes(dict(zip(keys, looks, strict=True)), accounts, at=now)
    gone = [address for address in pools.missing if address in known]
    StakePool.objects.filter(address__in=gone).update(is_there=False)
    rejected = pools.records.rejected
    record_success(Source.POOLS, endpoint=pools.endpoint, rejected=rejected, at=now)
    return {
        "endpoint": pools.endpoint,
        "epoch": newest.epoch,
        "pools": len(looks),
        "stakes": sum(len(look.entries) for look in looks),
        "strangers": sum(row.strangers or 0 for row in rows),
        "missing": len(pools.missing),
        "rejected": len(rejected),
    }


def _row(look: PoolLook, accounts: Mapping[str, int], *, epoch: int, at: datetime) -> StakePool:
    pool, entries = look.pool, look.entries
    return StakePool(
        address=pool.address,
        name=KNOWN.get(pool.address, ""),
        program=pool.program,
        validator_list=pool.validator_list,
        mint=pool.mint,
        total_lamports=pool.total_lamports,
        supply=pool.supply,
        updated_epoch=pool.updated_epoch,
        active=sum(entry.active for entry in entries),
        transient=sum(entry.transient for entry in entries),
        entries=len(entries),
        strangers=sum(entry.vote_account not in accounts for entry in entries),
        is_there=True,
        epoch=epoch,
        slot=look.slot,
        looked_at=at,
        found_at=at,
    )


def _store_stakes(
    looks: Mapping[tuple[int, int], PoolLook], accounts: Mapping[str, int], *, at: datetime
) -> None:
    """By pool and epoch; who is not on a pool's list any more has none of it there."""
    found = {
        (*pool, accounts[entry.vote_account]): (
            *(entry.active, entry.transient, entry.updated_epoch, entry.status.value, look.slot),
        )
        for pool, look in looks.items()
        for entry in look.entries
        if entry.vote_account in accounts
    }
    before = PoolStake.objects.filter(
        pool__in={pool for pool, _ in looks}, epoch__in={epoch for _, epoch in looks}
    )
    rows = bulk.read_rows(before.values_list(*_STAKE, "pk", "slot"))
    known = {row[:3]: row[3:] for row in rows}
    bulk.update_rows(
        PoolStake,
        fields=_OF_STAKE,
        rows=[(*told, known[stake][0]) for stake, told in found.items() if stake in known],
        constants={"looked_at": at},
    )
    bulk.insert_rows(
        PoolStake,
        fields=(*_STAKE, *_OF_STAKE),
        rows=[(*stake, *told) for stake, told in found.items() if stake not in known],
        constants={"looked_at": at},
    )
    gone = [
        key
        for stake, (key, slot) in known.items()
        if stake not in found and stake[:2] in looks and slot < looks[stake[:2]].slot
    ]
    PoolStake.objects.filter(pk__in=gone).delete()


def _remember(found: Records[FoundPool]) -> dict[str, Any]:
    bulk.serialize_writers()
    now = timezone.now()
    largest = sorted(found.good, key=lambda pool: (-pool.total_lamports, pool.address))
    others = [pool for pool in largest if pool.address not in KNOWN][:MOST_FOUND]
    before = StakePool.objects.count()
    rows = [StakePool(address=pool.address, program=pool.program, found_at=now) for pool in others]
    StakePool.objects.bulk_create(rows, ignore_conflicts=True)
    record_success(Source.POOL_SEARCH, endpoint=found.endpoint, rejected=found.rejected, at=now)
    return {
        "endpoint": found.endpoint,
        "pools": len(found.good),
        "new": StakePool.objects.count() - before,
        "left_out": len(found.good) - len(others) - sum(pool.address in KNOWN for pool in largest),
        "rejected": len(found.rejected),
    }
