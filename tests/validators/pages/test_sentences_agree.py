"""Every sentence of a validator's page against the rows behind it, and against the others of the page."""

import json
import re
from typing import Any

import pytest
from django.test import Client

from tests.validators.looking import page, words
from tests.validators.pages.inventing import EPOCH, every_source_is_heard, invented_cluster
from validators.models import CommissionChange, Validator, ValidatorEpoch
from validators.scoring.registry import METHODS

pytestmark = pytest.mark.django_db

PART = re.compile(
    r'<tr><th scope="row">([^<]*)</th><td class="number (?:bad)?">([^<]*)</td><td class="said">(.*?)</td>'
)
# No number or word that a person would not write.
ODD = re.compile(
    r"\d[eE][+-]\d|\bnan\b|\binf\b|\bNone\b(?! seen)|\b1 (?:more )?(?:epochs|slots|looks)\b|-0\.0\b|[{}]|\.\."
)


def found(pattern: str, text: str) -> Any:
    match = re.search(pattern, text)
    return None if match is None else match[1]


def percent(text: str) -> float:
    """As it is shown; what is over something counts as that."""
    return float(text.removeprefix("over ").removesuffix(" %"))


@pytest.mark.parametrize("method", METHODS)
def test_no_page_contradicts_itself_or_the_rows(client: Client, settings: Any, method: str) -> None:
    settings.SCORE_METHODS = [method]
    every_source_is_heard()
    for shown in invented_cluster(20, seed=list(METHODS).index(method)):
        content = page(client, f"/validators/{shown.vote_account}/?method={method}")
        told = json.loads(client.get(f"/api/v1/validators/{shown.vote_account}?method={method}").content)[
            "validator"
        ]
        text = words(content)
        try:
            _numbers_are_those_of_the_api(text, told)
            _parts_and_sentence_add_up(content, text, told)
            _the_present_is_told_once(text, shown)
            _commission_is_told_once(text, shown)
        except AssertionError as exc:
            exc.add_note(text)
            raise


def _numbers_are_those_of_the_api(text: str, told: dict[str, Any]) -> None:
    odd = ODD.search(text)
    assert odd is None, text[odd.start() - 60 : odd.end() + 20]
    apy, reward = told["apy"], told["reward_of_100_sol"]
    if apy is None:
        assert reward is None
        stands_still = told["delinquent"] or told["left_at"]
        said = "nothing while it does not vote, as now." if stands_still else "not known, as its APY is not."
        assert f"100 SOL here for a year: {said}" in text
    else:
        brings = found(r"(?:for a year:|(?:as now|next epoch). Else) about ([\d.]+) SOL", text)
        assert float(brings) == round(int(reward) / 10**9, 2)
        assert found(r"APY[^%]*? ([\d.]+ %)", text) == f"{apy * 100:.2f} %"
        assert ("an estimate by what" in text) == (told["apy_basis"] == "estimate")
    if told["risk"] is not None:
        risk, ten = (
            found(r"next epoch ((?:over )?[\d.]+ %)", text),
            found(r"ten epochs ((?:over )?[\d.]+ %)", text),
        )
        assert percent(ten) >= percent(risk)
        assert told["risk"] <= told["risk_ten_epochs"]
        assert percent(risk) == pytest.approx(told["risk"] * 100, rel=0.06, abs=0.006)


def _parts_and_sentence_add_up(content: str, text: str, told: dict[str, Any]) -> None:
    score = told["score"]
    if score is None:
        assert "Not scored" in text
        assert "can be counted on" not in text
        return
    found_parts = PART.findall(content.replace("\N{MINUS SIGN}", "-"))
    parts = [(name, float(points), said) for name, points, said in found_parts]
    assert sum(points for _, points, _ in parts) == pytest.approx(score, abs=0.05 * len(parts) + 0.01)
    assert f"Score {score:.2f}" in text
    counted = found(r"(Of 100 units .*?)(?: Why this score)", text)
    if counted is not None:
        numbers = [float(one) for one in re.findall(r"\d+\.\d\d", counted)]
        assert sum(numbers) == pytest.approx(100)
        assert (numbers[0] if "none can" not in counted else 0.0) == pytest.approx(score, abs=0.006)
    for name, points, said in parts:
        loses = points < 0
        assert not (loses and "as the cluster did" in said), (name, points, said)
        assert not (loses and said.startswith("none of its lineage")), (name, points, said)
        assert not (loses and "was not delinquent" in said), (name, points, said)


def _the_present_is_told_once(text: str, shown: Validator) -> None:
    if "was delinquent when this score was made" in text:
        assert shown.delinquent
        assert "goes on" in text
    assert not (shown.delinquent and "was not delinquent" in text)
    if shown.version:
        assert "do not know its version" not in text
        assert "gossip does not know its node" not in text.partition(" Epoch by epoch")[0]
    delegated = found(r"(?<!less than )\b([\d,]+) SOL delegated", text)
    if delegated is not None:
        assert f"Stake (SOL) {delegated} " in text
    assert ("does not belong to the superminority" in text) <= (not shown.superminority)
    if shown.superminority:
        assert f"more than a third of the stake, in every known epoch since {EPOCH - 40}." in text


def _commission_is_told_once(text: str, shown: Validator) -> None:
    rows = {row.epoch: row for row in ValidatorEpoch.objects.filter(validator=shown)}
    changes = CommissionChange.objects.filter(validator=shown)
    marks = re.findall(r"Commission: ([^.]*)\.", text)
    assert len(marks) == len(shown.commission_flags)
    moved = [mark for mark in marks if not mark.startswith("above 50 %")]
    never = (
        "None seen in" in text
        or "None seen since" in text.partition("Terms")[0].partition("Commission changes")[2]
    )
    if moved or changes:
        assert not never
    if never:
        seen = {bps for row in rows.values() for bps in (row.commission_min_bps, row.commission_max_bps)}
        assert len(seen - {None}) <= 1
    for mark in moved:
        epoch = int(found(r"(?:in|within) epoch (\d+)|(?=between)", mark) or found(r"and (\d+):", mark))
        row = rows[epoch]
        highest = float(found(r" to ([\d.]+) %", mark)) * 100
        assert highest in (row.commission_max_bps, row.commission_last_bps), mark
