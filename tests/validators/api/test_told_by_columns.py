"""A list is written column by column; that is what each row told by itself would be, byte for byte."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from scheduling.api.replies import _csv
from scheduling.wording import FORMULA_STARTS
from tests.validators.rows import NOON, SOL, fetch, scoring_run, validator, vote_state
from validators.api import documents
from validators.api.rows import VALIDATOR_COLUMNS
from validators.api.validator_lists import COLUMNS
from validators.models import Validator
from validators.reading.picture import current_picture
from validators.reading.standings import standings, with_risk
from validators.scoring.ten_epochs import risk_of_ten_epochs

# Each beside the others: what is empty, unknown, nothing, equal but not the same, and what a spreadsheet
# would take for a formula.
VARIED: tuple[dict[str, Any], ...] = (
    {"name": "=1+1", "website": 'https://a/?"b",c', "version": "", "client": "agave", "runs_jito": True},
    {"name": 'A "name",\r\nof two lines: é', "version": "3.0.1", "commission_bps": 0, "apy": 0.0},
    {"name": "", "identity": "", "commission_bps": 10_000, "apy": 1.0, "runs_jito": False, "mev_apy": 1e-7},
    {"name": "\uff1d-", "commission_bps": None, "apy": None, "left_at": None, "mev_commission_bps": 10_000},
    {"commission_flags": ["above 50 %"], "superminority": True, "apy": 0.0712, "mev_epoch": 0},
    {
        "name_mark": "mixed_alphabets",
        "name": "|calc",
        "activated_stake": 0,
        "leader_slots": 0,
        "mev_commission_bps": 1,
    },
    {"name_mark": "same_as_larger", "address": "10.0.0.1", "country": "DE", "apy": 123456789.125},
)


@pytest.fixture
def varied() -> None:
    fetch()
    found = [validator(number, **fields) for number, fields in enumerate(VARIED)]
    vote_state(found[0], withdrawer=found[0].identity)
    vote_state(found[1], next_epoch="out", after_next="out", reason="its balance is too low", epochs_paid=0)
    vote_state(found[2], after_next="unknown", epochs_paid=None)
    run = scoring_run([(one, 50.0) for one in found[:5]], at=NOON)
    for score, risk in zip(run.scores.all(), (0.0, 0.05, 0.05, 1.0, None), strict=True):
        score.components = {"risk": risk, "risk_low": risk, "risk_high": 1}
        score.save()


def plain(row: Mapping[str, Any], beside: Mapping[str, Any]) -> dict[str, Any]:
    """Its document, field by field; flags and epochs, which other tests are about, as they are told."""
    text = {"identity", "name", "name_mark", "website", "version", "client", "apy_basis", "mev_apy_basis"}
    text |= {"address", "network", "network_name", "country", "operator"}
    told: dict[str, Any] = {}
    for column in VALIDATOR_COLUMNS:
        if column == "production_epoch":
            continue
        value = row[column]
        if column in ("commission_bps", "mev_commission_bps"):
            value = None if value is None else value / 10_000
        if column == "activated_stake":
            value = None if value is None else str(value)
        told[column.removesuffix("_bps")] = None if column in text and value == "" else value
    told["admission"] = {
        "status": row["admission"] or "unknown",
        "next_epoch": {"ok": True, "out": False}.get(row["admission_next"]),
        "after_next": {"ok": True, "out": False}.get(row["admission"]),
        "reason": row["admission_reason"] or None,
        "epochs_paid": row["admission_paid"],
    }
    told["risk_ten_epochs"] = risk_of_ten_epochs(row["risk"])
    told["reward_of_100_sol"] = None if row["apy"] is None else str(round(100 * SOL * row["apy"]))
    told["skip_rate_epoch"] = None if row["leader_slots"] is None else row["production_epoch"]
    return told | {name: beside[name] for name in ("flags", "first_epoch", "epochs_known")}


def as_csv(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(columns)
    writer.writerows([[cell(row[column]) for column in columns] for row in rows])
    return text.getvalue()


def cell(value: Any) -> Any:
    if isinstance(value, str):
        return f"'{value}" if value[:1] in FORMULA_STARTS else value
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    written = msgspec.json.encode(value).decode()
    return written if isinstance(value, list | dict) else written.strip('"')


@pytest.mark.django_db
@pytest.mark.database
@pytest.mark.usefixtures("varied")
@pytest.mark.parametrize("sort", ["rank", "-apy", "name"])
def test_a_list_is_its_documents_one_by_one(client: Client, sort: str) -> None:
    address = f"/api/v1/validators?sort={sort}"
    as_json = client.get(address).content
    found = with_risk(standings(current_picture(), sort=sort))
    beside = json.loads(as_json)["items"]
    rows = [plain(*both) for both in zip(found.values(*COLUMNS), beside, strict=True)]

    assert len(rows) == len(VARIED) == Validator.objects.count()
    assert b'"items":' + msgspec.json.encode(rows) + b"," in as_json
    names = list(documents.ValidatorDocument.model_fields)
    assert client.get(f"{address}&format=csv").content.decode() == as_csv(names, rows)


@pytest.mark.django_db
@pytest.mark.usefixtures("varied")
def test_one_in_a_list_is_what_it_is_alone(client: Client) -> None:
    for item in client.get("/api/v1/validators").json()["items"]:
        alone = client.get(f"/api/v1/validators/{item['vote_account']}").json()["validator"]

        assert {name: alone[name] for name in item} == item


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, 1, 0.0, -0.0, 1.0]),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(),
    st.lists(st.integers(), max_size=2),
    st.datetimes(timezones=st.just(NOON.tzinfo)),
)


@given(st.lists(st.tuples(VALUES, VALUES), max_size=8))
def test_a_csv_is_what_python_writes(rows: list[tuple[Any, Any]]) -> None:
    written = [{"one": one, "other": other} for one, other in rows]

    assert _csv({name: [row[name] for row in written] for name in ("one", "other")}) == as_csv(
        ("one", "other"), written
    )
