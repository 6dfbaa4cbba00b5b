"""What will go says so: in its answers, and in the document."""

from datetime import date
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from ninja import Router

from scheduling.api.deprecations import deprecated
from scheduling.api.errors import Problem
from scheduling.api.replies import json_reply
from staking_project.openapi.document import DocumentedApi
from tests.staking_project.openapi.complaints import complaints

OLD, GONE = date(2027, 1, 1), date(2027, 7, 1)


@deprecated(since=OLD, sunset=GONE, instead="get_new")
def get_old(request: HttpRequest) -> HttpResponse:
    """The old one. It has had its day."""
    return json_reply({"detail": "", "code": ""})


def test_the_answer_says_since_when_and_until_when() -> None:
    answer = get_old(RequestFactory().get("/"))

    assert answer.headers["Deprecation"] == "@1798761600"
    assert answer.headers["Sunset"] == "Thu, 01 Jul 2027 00:00:00 GMT"


def test_the_document_says_so_too() -> None:
    api, router = DocumentedApi(urls_namespace="old"), Router(tags=["old"])
    router.get("/old", response=Problem)(get_old)
    api.add_router("", router)

    document: Any = api.get_openapi_schema(path_prefix="api/")

    operation = document["paths"]["/api/old"]["get"]
    assert (operation["operationId"], operation["deprecated"]) == ("get_old", True)
    assert "answers until 2027-07-01. Instead: get_new" in operation["description"]
    assert {"Deprecation", "Sunset"} <= set(operation["responses"]["200"]["headers"])
    assert complaints(document) == []


def test_nothing_goes_without_half_a_year_of_notice() -> None:
    with pytest.raises(ValueError, match="at least 180 days"):
        deprecated(since=OLD, sunset=date(2027, 2, 1), instead="nothing")
