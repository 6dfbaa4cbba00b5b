"""Jito's ValidatorHistory accounts of the cluster: what keepers wrote down of each vote account, by epoch.

They began so many epochs before the first, and later to count blocks and tips. Accounts outlive those whose
history they are. Layout: jito-foundation/stakenet, programs/validator-history/src/state.rs.
"""

import struct
from functools import lru_cache
from hashlib import sha256

from validators.simulator import draws
from validators.simulator.admission import rent
from validators.simulator.clients import software_of
from validators.simulator.clock import SLOTS_PER_EPOCH, Moment, first_slot_of
from validators.simulator.commission import BPS_PER_PERCENT, commission_at, commission_steps
from validators.simulator.field import Field
from validators.simulator.hosting import address_of
from validators.simulator.leaders import Production
from validators.simulator.operators import withdrawing_operator
from validators.simulator.production import production_by_identity
from validators.simulator.program_addresses import program_address
from validators.simulator.seats import Seat
from validators.simulator.tenants import Tenant, identity_of
from validators.simulator.tips import ProgramAccount, TipAccounts
from validators.simulator.votes import votes_in
from validators.simulator.world import World

HISTORY_PROGRAM = "HistoryJTGbKQD2mRgLZ3XhqHnN811Qpez8X9kCcGHoa"
# Before the first epoch of the world.
EPOCHS_WRITTEN, EPOCHS_COUNTED = 120, 8
_SEED = b"validator-history"
_DISCRIMINATOR = sha256(b"account:ValidatorHistory").digest()[:8]
_ENTRIES, _RING_AT = 512, 320
_ENTRY = struct.Struct("<QHHIBBBBH4sBBIQIH2sQQIIQBB46s")
_U8, _U16, _U32, _U64 = 0xFF, 0xFFFF, 0xFFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFF
_UNSET = b"\xff" * _ENTRY.size
_TIP_ROUTER, _NO_AUTHORITY = 3, _U8
# A vote account is copied so often in an epoch.
_COPIES = 10
_CLIENT_IDS = {"JitoLabs": 1, "Frankendancer": 2, "Agave": 3, "Firedancer": 5}
_CONNECTED_TO_BAM = 0.15
_LAMPORTS_PER_CENTISOL = 10_000_000


class HistoryAccounts:
    """By address, as they lie on the chain at a moment."""

    def __init__(self, world: World, seats: tuple[Seat, ...], field: Field, tips: TipAccounts) -> None:
        self._world, self._seats, self._field, self._tips = world, seats, field, tips
        self._began = max(0, world.first_epoch - EPOCHS_WRITTEN)
        self._counted_from = world.first_epoch - EPOCHS_COUNTED
        # By address; all until before that epoch are known.
        self._holders: dict[str, tuple[Seat, Tenant]] = {}
        self._known_until = self._began
        self._ended: dict[int, dict[str, bytes]] = {}
        self._running = lru_cache(maxsize=2)(self._write_down)

    def found(self, address: str, moment: Moment) -> ProgramAccount | None:
        self._meet(moment.epoch)
        holder = self._holders.get(address)
        if holder is None or holder[1].born > moment.epoch:
            return None
        raw = self._encoded(*holder, moment)
        return ProgramAccount(HISTORY_PROGRAM, rent(len(raw)), raw)

    def everybody(self, moment: Moment) -> dict[str, ProgramAccount]:
        """By address, also of those who left."""
        self._meet(moment.epoch)
        found = {address: self.found(address, moment) for address in self._holders}
        return {address: account for address, account in found.items() if account is not None}

    def _meet(self, epoch: int) -> None:
        """Whoever held a seat since keepers began."""
        for past in range(self._known_until, epoch + 1):
            for seat in self._seats:
                tenant = self._field.tenant(seat, past)
                if tenant.born <= past and past in (self._began, tenant.born):
                    seeds = (_SEED, draws.key_bytes(tenant.vote_account))
                    address = draws.base58(program_address(draws.key_bytes(HISTORY_PROGRAM), *seeds))
                    self._holders[address] = (seat, tenant)
        self._known_until = max(self._known_until, epoch + 1)

    def _encoded(self, seat: Seat, tenant: Tenant, moment: Moment) -> bytes:
        last = moment.epoch if tenant.leaves is None else min(moment.epoch, tenant.leaves - 1)
        epochs = range(max(self._began, tenant.born), last + 1)
        ring = [_UNSET] * _ENTRIES
        # Its first push goes to the second place.
        for place, epoch in enumerate(epochs, start=1):
            if place > len(epochs) - _ENTRIES:
                ring[place % _ENTRIES] = self._sheet(epoch, moment).get(tenant.vote_account, _UNSET)
        head = _DISCRIMINATOR + struct.pack("<I", 0) + draws.key_bytes(tenant.vote_account)
        head += struct.pack("<IB7x", seat.index, 255)
        head = head.ljust(_RING_AT - 16, b"\0") + struct.pack("<QB7x", len(epochs) % _ENTRIES, not epochs)
        return head + b"".join(ring)

    def _sheet(self, epoch: int, moment: Moment) -> dict[str, bytes]:
        """By vote account, what is written down of an epoch; of one that is over it is for good."""
        if epoch >= moment.epoch:
            copied = moment.slot_index // (SLOTS_PER_EPOCH // _COPIES) * (SLOTS_PER_EPOCH // _COPIES)
            return self._running(epoch, copied, False)
        if epoch not in self._ended:
            self._ended[epoch] = self._write_down(epoch, SLOTS_PER_EPOCH - SLOTS_PER_EPOCH // _COPIES, True)
            self._ended.pop(epoch - _ENTRIES, None)
        return self._ended[epoch]

    def _write_down(self, epoch: int, copied: int, is_over: bool) -> dict[str, bytes]:
        tenants = [(seat, self._field.tenant(seat, epoch)) for seat in self._seats]
        held = [
            (self._field.stake(seat, epoch), seat, tenant) for seat, tenant in tenants if tenant.born <= epoch
        ]
        held.sort(key=lambda one: (-one[0], one[1].index))
        made = self._blocks(epoch) if is_over and epoch >= self._counted_from else None
        total, before = sum(stake for stake, _, _ in held), 0
        written = {}
        for rank, (stake, seat, tenant) in enumerate(held):
            largest = 3 * before <= total
            before += stake
            standing = (rank, largest and stake > 0)
            entry = self._entry(seat, tenant, epoch, stake, standing, made, copied=copied, is_over=is_over)
            written[tenant.vote_account] = entry
        return written

    def _blocks(self, epoch: int) -> dict[str, Production]:
        first = first_slot_of(epoch)
        return production_by_identity(self._field, first=first, last=first + SLOTS_PER_EPOCH - 1)

    def _entry(
        self,
        seat: Seat,
        tenant: Tenant,
        epoch: int,
        stake: int,
        standing: tuple[int, bool],
        made: dict[str, Production] | None,
        *,
        copied: int,
        is_over: bool,
    ) -> bytes:
        identity = identity_of(seat, tenant, epoch)
        earlier = identity_of(seat, tenant, epoch - 1)
        version, client = software_of(identity)
        tips = self._tips.tip_commission(seat, epoch)
        bps = commission_at(commission_steps(seat, epoch), SLOTS_PER_EPOCH - 1 if is_over else copied)
        return _ENTRY.pack(
            stake,
            epoch,
            _U16 if tips is None else tips,
            self._credits(seat, tenant, epoch, SLOTS_PER_EPOCH if is_over else copied),
            -(-bps // BPS_PER_PERCENT),
            _CLIENT_IDS.get(client or "", _U8),
            *_version(version),
            bytes(map(int, address_of(identity, operator=withdrawing_operator(seat)).split("."))),
            _NO_AUTHORITY if tips is None else _TIP_ROUTER,
            standing[1],
            standing[0],
            first_slot_of(epoch) + copied,
            self._earned(seat, epoch, counted=made is not None and tips is not None),
            _U16,
            b"\xff\xff",
            _U64,
            _U64,
            *_counted(made, (identity, earlier), epoch),
            _U8,
            client == "JitoLabs" and draws.fraction(identity, "BAM") < _CONNECTED_TO_BAM,
            b"\xff" * 46,
        )

    def _credits(self, seat: Seat, tenant: Tenant, epoch: int, slots: int) -> int:
        """Lamports do not fit: since the migration the field is full."""
        split = self._world.alpenglow_epoch
        if split is not None and epoch >= split:
            return _U32
        return votes_in(self._world, seat, tenant, epoch, slots)

    def _earned(self, seat: Seat, epoch: int, *, counted: bool) -> int:
        tips = self._tips.tips_of(seat, epoch) if counted else None
        return _U32 if tips is None else round(tips / _LAMPORTS_PER_CENTISOL)


def _version(text: str | None) -> tuple[int, int, int]:
    """As three numbers, of which the second is cut to a byte."""
    parts = (text or "").partition("-")[0].split(".")
    if len(parts) != 3 or not all(part.isdigit() for part in parts):
        return _U8, _U8, _U16
    major, minor, patch = map(int, parts)
    return major & _U8, minor & _U8, patch & _U16


def _counted(
    made: dict[str, Production] | None, identities: tuple[str, str], epoch: int
) -> tuple[int, int, int]:
    """Leader slots, blocks and until which slot, under the key of the epoch and that of the one before."""
    if made is None:
        return _U32, _U32, _U64
    found = [made[identity] for identity in dict.fromkeys(identities) if identity in made]
    slots, blocks = sum(one.leader_slots for one in found), sum(one.blocks_produced for one in found)
    return slots, blocks, first_slot_of(epoch + 1)
