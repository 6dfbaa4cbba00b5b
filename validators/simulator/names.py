"""What validators say about themselves in Config accounts, honest and otherwise.

Everything here can be written by anybody on the real chain, so a part of it is what an
attacker, or somebody careless, would write.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from validators.simulator import draws
from validators.simulator.cluster import ValidatorOutlook

CONFIG_PROGRAM = "Config1111111111111111111111111111111111111"
VALIDATOR_INFO_KEY = "Va1idator1nfo111111111111111111111111111111"
STAKE_CONFIG_ACCOUNT = "StakeConfig11111111111111111111111111111111"

_SHARE_WITH_NAME = 0.85
# One identity in so many wrote a second account, or is claimed by a stranger who did not sign.
_IDENTITIES_PER_SECOND_ACCOUNT = 40
_IDENTITIES_PER_UNSIGNED_CLAIM = 50
# The first identities carry the odd names, so that a small cluster has them too.
_FIRST_ODD_IDENTITY = 3

# A brand is one of each of these three: a made-up word that hardly anybody has twice among thousands.
_BEGINNINGS = ("Ba", "Co", "Da", "Fe", "Go", "Ha", "Ka", "Lo", "Mu", "Na", "Pe", "Ro", "Sa", "To", "Ve", "Zu")
_MIDDLES = ("bra", "cto", "den", "far", "gun", "kan", "mer", "nor", "pha", "ran", "sol", "tan", "ven", "zor")
_ENDS = ("dar", "fex", "gon", "ham", "kor", "mund", "nax", "pan", "ros", "sa", "ton", "var", "ya", "zen")
_NOUNS = (
    *("Anchor", "Beacon", "Cedar", "Delta", "Ember", "Falcon", "Grove", "Harbor", "Orchard", "Lantern"),
    *("Meadow", "Quarry", "Ocean", "Summit", "Tundra", "Valley", "Canyon", "Forest", "Bay", "Peak"),
)
_KINDS = (
    *("Staking", "Validator", "Nodes", "Labs", "Capital"),
    *("Systems", "Network", "Works", "Partners", "Foundry"),
)

# One identity in so many would be taken for this one: the largest of them is it, the others are look-alikes.
_IDENTITIES_PER_LOOK_ALIKE = 150
_LOOKED_LIKE = ("Northern Beacon Staking", "N\u043erthern Beac\u043en Staking", "NORTHERN-BEACON STAKlNG")

_ODD: tuple[dict[str, object], ...] = (
    {"name": "<script>alert('stake')</script>", "website": "javascript:alert(1)"},
    {"name": "<img src=x onerror=alert(1)>\"'&", "iconUrl": "https://example.com/track.gif?who=you"},
    {"name": "Robert'); DROP TABLE validators;--", "website": "http://127.0.0.1:1/admin"},
    {"name": "ステーキング 🦀 Größe Ñandú", "details": "Ω≈ç√∫ 한국어 العربية"},
    {"name": "\u202eezilaudilav\u202c \u200b\u0000\u0007", "details": "line one\nline two\r\n"},
    {"name": "Z" + "͑͗͜" * 60},
    {"name": "A" * 500, "details": "b" * 2_000},
    {"name": "   "},
    {"name": 42, "website": None, "details": ["not", "text"]},
    {"website": "https://example.com/nameless"},
    {"name": "{{ 7*7 }} {% debug %} ${jndi:ldap://x}"},
    {"name": '=HYPERLINK("http://example.com")'},
)


@dataclass(frozen=True, slots=True)
class ConfigAccount:
    """An account of the Config program: its address and what `jsonParsed` makes of it.

    `parsed` is None where the node cannot parse the account, and answers with `raw` instead.
    """

    address: str
    raw: bytes
    parsed: dict[str, object] | None


def config_accounts(seed: int, outlooks: Iterable[ValidatorOutlook]) -> list[ConfigAccount]:
    """Every account of the Config program, in no order that means anything."""
    identities = dict.fromkeys(outlook.identity for outlook in outlooks)
    found = [_stake_config(), _unparsable(seed)]
    for place, identity in enumerate(identities):
        found.extend(_accounts_of(identity, place))
    return found


def _accounts_of(identity: str, place: int) -> list[ConfigAccount]:
    odd = place - _FIRST_ODD_IDENTITY
    if 0 <= odd < len(_ODD):
        return [_validator_info(identity, _ODD[odd])]
    if draws.fraction(identity, "named") >= _SHARE_WITH_NAME:
        return []
    found = [_validator_info(identity, _profile(identity))]
    drawn = draws.number(identity, "accounts")
    if drawn % _IDENTITIES_PER_SECOND_ACCOUNT == 0:
        found.append(_validator_info(identity, _profile(identity, suffix=" (old)"), copy=1))
    if drawn % _IDENTITIES_PER_UNSIGNED_CLAIM == 1:
        found.append(_validator_info(identity, {"name": "Impostor"}, copy=2, signed=False))
    return found


def _profile(identity: str, suffix: str = "") -> dict[str, object]:
    name = _name(identity)
    slug = "-".join(name.encode("ascii", "ignore").decode().lower().split()[:2])
    return {
        "name": name + suffix,
        "website": f"https://{slug}.example",
        "details": f"{name}, simulated.",
        "keybaseUsername": slug.replace("-", ""),
        "iconUrl": f"https://{slug}.example/icon.png",
    }


def _name(identity: str) -> str:
    if draws.number(identity, "look-alike") % _IDENTITIES_PER_LOOK_ALIKE == 0:
        return draws.choice(_LOOKED_LIKE, identity, "looked like")
    syllables = (_BEGINNINGS, _MIDDLES, _ENDS)
    brand = "".join(draws.choice(options, identity, options[0]) for options in syllables)
    noun, kind = (draws.choice(options, identity, options[0]) for options in (_NOUNS, _KINDS))
    return f"{brand} {noun} {kind}"


def _validator_info(
    identity: str, profile: dict[str, object], *, copy: int = 0, signed: bool = True
) -> ConfigAccount:
    keys = [(VALIDATOR_INFO_KEY, False), (identity, signed)]
    shown_keys = [{"pubkey": key, "signer": is_signer} for key, is_signer in keys]
    return ConfigAccount(
        address=draws.public_key(identity, "config", copy),
        raw=_serialized(keys, json.dumps(profile)),
        parsed={"type": "validatorInfo", "info": {"configData": profile, "keys": shown_keys}},
    )


def _serialized(keys: list[tuple[str, bool]], text: str) -> bytes:
    """As on chain: the number of keys, each with its signer flag, then the text after its length."""
    packed = b"".join(draws.key_bytes(key) + bytes([is_signer]) for key, is_signer in keys)
    encoded = text.encode()
    return bytes([len(keys)]) + packed + len(encoded).to_bytes(8, "little") + encoded


def _stake_config() -> ConfigAccount:
    info = {"slashPenalty": 12, "warmupCooldownRate": 0.25}
    return ConfigAccount(STAKE_CONFIG_ACCOUNT, bytes(10), {"type": "stakeConfig", "info": info})


def _unparsable(seed: int) -> ConfigAccount:
    return ConfigAccount(draws.public_key(seed, "poem"), b"\0RTwo roads diverged in a yellow wood", None)
