"""The JSON-RPC methods about who leads which slots, and what became of them."""

from typing import Any

from validators.simulator import params, replies
from validators.simulator.clock import SLOTS_PER_EPOCH, SLOTS_PER_TURN, Moment
from validators.simulator.jsonrpc import INVALID_PARAMS, RpcError
from validators.simulator.leaders import NOBODY
from validators.simulator.production import production_by_identity
from validators.simulator.view import ClusterView, Params, options_of

# What a node remembers of the slots behind it (agave's SlotHistory, MAX_ENTRIES).
SLOTS_REMEMBERED = 1_048_576
# The epochs whose schedule a node has: the running one, the next, and two before.
_SCHEDULES_BEHIND, _SCHEDULES_AHEAD = 2, 1


def block_production(view: ClusterView, parameters: Params) -> object:
    options = options_of(view, parameters)
    wanted = params.optional_key(options, "identity")
    first_slot, last_slot = _slot_range(view.moment, options)
    production = production_by_identity(view.cluster.field, first=first_slot, last=last_slot)
    if wanted is not None:
        production = {wanted: production[wanted]} if wanted in production else {}
    return replies.block_production(
        production, moment=view.moment, first_slot=first_slot, last_slot=last_slot
    )


def leader_schedule(view: ClusterView, parameters: Params) -> object:
    """By identity the slot indexes that it leads in the epoch of a slot; null for an epoch too far away."""
    slot, options = _slot_and_options(view, parameters)
    wanted = params.optional_key(options, "identity")
    epoch = view.moment.epoch if slot is None else slot // SLOTS_PER_EPOCH
    if not -_SCHEDULES_BEHIND <= epoch - view.moment.epoch <= _SCHEDULES_AHEAD:
        return None
    identities = view.cluster.field.leader_identities(epoch)
    found: dict[str, list[int]] = {}
    for turn, seat in enumerate(view.cluster.field.schedule(epoch).leaders):
        if seat != NOBODY and wanted in (None, identities[seat]):
            first = turn * SLOTS_PER_TURN
            found.setdefault(identities[seat], []).extend(range(first, first + SLOTS_PER_TURN))
    return found


def _slot_and_options(view: ClusterView, parameters: Params) -> tuple[int | None, dict[str, Any]]:
    """The slot may be left out, and the options come first then."""
    if parameters and isinstance(parameters[0], dict):
        params.expect_at_most(parameters, 1)
        return None, options_of(view, parameters)
    slot = params.whole_number({"slot": parameters[0]}, "slot") if parameters else None
    return slot, params.options_at(parameters, 1, slot=view.moment.absolute_slot)


def _slot_range(moment: Moment, options: dict[str, Any]) -> tuple[int, int]:
    """First and last slot asked for, as far back as a node remembers; by default the epoch so far."""
    wanted = options.get("range")
    if wanted is None:
        return moment.absolute_slot - moment.slot_index, moment.absolute_slot
    if not isinstance(wanted, dict) or params.whole_number(wanted, "firstSlot") is None:
        raise params.invalid("range must be an object with firstSlot and, if you like, lastSlot")
    first = wanted["firstSlot"]
    last = params.whole_number(wanted, "lastSlot")
    last = moment.absolute_slot if last is None else last
    oldest = max(0, moment.absolute_slot + 1 - SLOTS_REMEMBERED)
    # In agave's words, to the letter.
    if first < oldest:
        raise RpcError(INVALID_PARAMS, f"firstSlot, {first}, is too small; min {oldest}")
    if last > moment.absolute_slot:
        raise RpcError(INVALID_PARAMS, f"lastSlot, {last}, is too large; max {moment.absolute_slot}")
    if last < first:
        raise RpcError(INVALID_PARAMS, f"lastSlot, {last}, cannot be less than firstSlot, {first}")
    return first, last
