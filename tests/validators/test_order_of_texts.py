"""Whoever sees an order by a text sees the same one on every database: texts are ordered by their bytes.

A PostgreSQL sorts them as its language does, and an SQLite by their bytes.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.db import connection, models
from django.test import Client
from django.test.utils import CaptureQueriesContext

import validators
from tests.validators.rows import SOL, validator, vote_state
from validators.models import Validator
from validators.models.by_bytes import ByBytes
from validators.reading.admission import operator_of
from validators.reading.standings import accounts_of_node, with_known

ROOT = Path(validators.__file__).parent
TEXTS = {
    field.name
    for model in apps.get_app_config("validators").get_models()
    for field in model._meta.get_fields()
    if isinstance(field, models.CharField | models.TextField)
}
ACCOUNTS = ["vote2", "Vote9", "vote1", "Vote3", "voteA", "votea"]


def ordered_texts(source: str) -> Iterator[str]:
    """Columns of texts that an `order_by` or an `ordering` of that source names as they are."""
    for node in ast.walk(ast.parse(source)):
        named: list[ast.expr] = []
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "order_by"
        ):
            named = node.args
        elif isinstance(node, ast.Assign) and any(ast.unparse(one) == "ordering" for one in node.targets):
            named = list(getattr(node.value, "elts", []))
        for one in named:
            if isinstance(one, ast.Constant) and str(one.value).strip("-").split("__")[-1] in TEXTS:
                yield str(one.value)


def test_the_columns_are_found() -> None:
    assert {"vote_account", "name", "address", "source"} <= TEXTS
    source = 'rows.order_by("-stake", "pool__address", ByBytes("name"))\nordering = ("-vote_account", "pk")'
    assert set(ordered_texts(source)) == {"-vote_account", "pool__address"}


def test_no_list_is_in_the_order_of_a_databases_language() -> None:
    found = {
        f"{path.relative_to(ROOT)}: {column}"
        for path in ROOT.rglob("*.py")
        if "migrations" not in path.parts
        for column in ordered_texts(path.read_text())
    }
    assert found == set()


@pytest.mark.django_db
@pytest.mark.database
def test_capitals_come_before_small_letters(client: Client) -> None:
    made = [
        validator(number, vote_account=account, identity="node", name=account, activated_stake=SOL)
        for number, account in enumerate(ACCOUNTS)
    ]
    for one in made:
        vote_state(one, withdrawer="of all")

    with CaptureQueriesContext(connection) as asked:
        owned = accounts_of_node("node")
        operator = operator_of(made[0])
        named = list(
            with_known(Validator.objects.all()).order_by("known_name").values_list("name", flat=True)
        )
        answer = client.get("/api/v1/validators/node")

    assert owned == named == sorted(ACCOUNTS)
    assert operator is not None
    assert [one.vote_account for one in operator.others] == sorted(ACCOUNTS[1:])
    assert f"It is the identity of {', '.join(sorted(ACCOUNTS))}." in answer.json()["detail"]
    orders = [one["sql"].partition("ORDER BY")[2] for one in asked]
    by_text = [order for order in orders if "vote_account" in order]
    assert len(by_text) == 3
    is_postgresql = connection.vendor == "postgresql"
    assert {'"vote_account" COLLATE "C"' in order for order in by_text} == {is_postgresql}


@pytest.mark.django_db
@pytest.mark.database
def test_a_text_is_told_as_it_is() -> None:
    validator(1, name="Zoë")
    assert list(Validator.objects.values_list(ByBytes("name"), flat=True)) == ["Zoë"]
