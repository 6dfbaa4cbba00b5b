"""What holds for every public page."""

import re
from html import unescape

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from tests.validators.looking import EVERY_PAGE, PAGES, page, whole_cluster, words
from tests.validators.pasts import past
from tests.validators.rows import NOON, SOL, fetch, validator
from validators.models import (
    ClusterEpoch,
)

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("address", EVERY_PAGE)
def test_the_age_of_the_data_is_on_every_page(client: Client, address: str) -> None:
    whole_cluster()
    fetch(stored_at=NOON)

    answer = page(client, address)
    assert "epoch 990, fetched 2026-11-23 12:00:00 UTC" in words(answer)
    # From which the browser says how long ago that was.
    assert '<time datetime="2026-11-23T12:00:00+00:00" data-age>' in answer


@pytest.mark.parametrize("address", PAGES)
@pytest.mark.parametrize(
    "hostile", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7|add:7 }}", "\u202egnp"]
)
def test_a_hostile_name_is_text_kept_to_itself(client: Client, address: str, hostile: str) -> None:
    shown = whole_cluster()
    for field in ("name", "website", "details", "version", "client"):
        setattr(shown, field, hostile[:30])
    shown.save()
    ClusterEpoch.objects.filter(epoch=990).update(
        stake_by_client={hostile: SOL}, stake_by_version={hostile: 1}
    )

    content = page(client, address)

    assert hostile[:25] in unescape(content)
    assert "<script>alert" not in content
    assert "<img" not in content
    assert ">14<" not in content
    without_attributes = re.sub('="[^"]*"|<title>.*?</title>', "", content)
    assert not re.search("(?<!<bdi>)(?<!<bdi class>)\u202e", without_attributes)


@pytest.mark.parametrize("address", [*EVERY_PAGE, "/?search=nobody"])
def test_nothing_is_loaded_from_another_host_and_nothing_inline_runs(client: Client, address: str) -> None:
    whole_cluster()
    response = client.get(address)
    content = response.content.decode()

    # A feed is pointed to, and not loaded.
    content = re.sub(r'<link rel="alternate"[^>]*>', "", content)
    loaded = re.findall(r'<(?:script|img|iframe|link)\b[^>]*?(?:src|href)="([^"]*)"', content)
    assert loaded
    assert all(source.startswith("/static/") for source in loaded)
    inline = re.findall(r"<script(?![^>]*(?:src=|application/json))[^>]*>|<style|\sstyle=|\son\w+=", content)
    assert inline == []
    assert response.headers["Content-Security-Policy"].startswith("default-src 'self'; object-src 'none'")


@pytest.mark.parametrize(
    ("address", "wrong"),
    [
        ("/?min_stake_sol=abc&max_commission_percent=200", {"min_stake_sol", "max_commission_percent"}),
        ("/selection/?size=0&cap=all&held=%00", {"size", "cap", "held"}),
        ("/events/?validator=%00", {"validator"}),
    ],
)
def test_what_is_wrong_with_a_field_is_tied_to_it(client: Client, address: str, wrong: set[str]) -> None:
    whole_cluster()

    content = client.get(address).content.decode()

    fields = re.findall(r"<(?:input|select|textarea)[^>]*>", content)
    invalid = [field for field in fields if 'aria-invalid="true"' in field]
    assert {re.findall('name="([^"]*)"', field)[0] for field in invalid} == wrong
    for field in invalid:
        told = re.findall('aria-describedby="([^"]*)"', field)[0].split()[-1]
        assert re.search(rf'<p class="error" role="alert" id="{told}">[^<]+', content), field


@pytest.mark.parametrize("address", EVERY_PAGE)
def test_what_is_told_by_its_id_is_on_the_page_once(client: Client, address: str) -> None:
    whole_cluster()

    content = page(client, f"{address}{'&' if '?' in address else '?'}flag=x&kind=x&before=x&size=x")

    ids = re.findall(r'\sid="([^"]*)"', content)
    named = re.findall(r'\s(?:for|aria-(?:describedby|labelledby|controls))="([^"]*)"', content)
    assert named
    assert [one for names in named for one in names.split() if ids.count(one) != 1] == []


@pytest.mark.parametrize("address", EVERY_PAGE)
def test_every_table_has_a_name_and_every_row_of_it_a_header(client: Client, address: str) -> None:
    whole_cluster()

    content = page(client, address)

    tables = re.findall(r"([^\n]*)\n?<table([^>]*)>(.*?)</table>", content, re.DOTALL)
    assert len(tables) == content.count("<table")
    for before, attributes, inside in tables:
        assert "aria-label" in before + attributes, inside[:200]
        rows = re.findall(r"<tr\b.*?</tr>", inside, re.DOTALL)
        assert [row for row in rows if '<th scope="' not in row] == []


def test_every_file_that_a_page_names_is_served(client: Client) -> None:
    whole_cluster()

    for address in EVERY_PAGE:
        for source in re.findall(r'(?:src|href)="(/static/[^"]*)"', page(client, address)):
            assert client.get(source).status_code == 200, source


@pytest.mark.parametrize("epochs", [1, 40])
def test_the_other_pages_ask_as_many_questions_for_a_long_history_as_for_a_short_one(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries, epochs: int
) -> None:
    fetch()
    for number in range(4):
        past(validator(number), epochs=epochs)

    # Fetch, run, last judged epoch, row; what leaves, operators; epochs, tips, stake, where it stood; scores,
    # account; three kinds of changes, what is told; its past, summed up and since; when it was delinquent;
    # its tips now, and what it kept of them; who stakes, of how many pools; where and who; sources; too old;
    # verdicts.
    with django_assert_num_queries(29):
        page(client, "/validators/vote1/")
    with django_assert_num_queries(9):
        page(client, "/compare/?v=vote0&v=vote1&v=vote2&v=vote3")
    with django_assert_num_queries(16):
        page(client, "/cluster/")


# What a button or a mark says of itself anyhow, or the page that its row leads to says in full.
_SAID_ELSEWHERE = re.compile("Watch|Take it off|Commission: ")


@pytest.mark.parametrize("address", [*EVERY_PAGE, "/?min_score=1"])
def test_no_title_says_what_neither_a_finger_nor_a_keyboard_reaches(client: Client, address: str) -> None:
    marked = whole_cluster()
    marked.name_mark, marked.version_current, marked.apy_basis = "same_as_larger", False, "estimate"
    marked.save()
    content = page(client, address)
    reached = words(page(client, "/scores/"))

    # A dash has its reason beside it, for screen readers.
    titles = set(re.findall(r'<(?!span class="unknown"|link)[^>]* title="([^"]*)"', content))

    assert [one for one in titles if unescape(one) not in reached and not _SAID_ELSEWHERE.match(one)] == []
    assert not titles or 'href="/scores/#' in content


def test_each_word_leads_to_what_it_means(client: Client) -> None:
    whole_cluster()
    meant = set(re.findall(r'<dt id="([^"]+)">', page(client, "/scores/")))

    led = {key for address in PAGES for key in re.findall('href="/scores/#([^"]+)"', page(client, address))}

    assert {"risk", "leader-luck", "total-apy", "inflation", "superminority"} <= led
    assert led - {"words"} <= meant


@pytest.mark.parametrize("address", EVERY_PAGE)
def test_the_pages_are_only_read(client: Client, address: str) -> None:
    assert client.post(address).status_code == 405


@pytest.mark.parametrize("address", EVERY_PAGE)
def test_a_word_that_the_page_does_not_know_is_told_of_with_the_nearest_that_it_knows(
    client: Client, address: str
) -> None:
    whole_cluster()
    between = "&" if "?" in address else "?"

    text = words(page(client, f"{address}{between}metod=trust-v2&nonsense=%3Cb%3E"))

    assert "This page knows no word metod " in text
    assert re.search(r"This page knows no word nonsense (, only [\w ,]+)?\. It was left out\.", text)
    assert "knows no" not in words(page(client, address))


@pytest.mark.parametrize("address", ["/validators/vote1/", "/compare/?v=vote1", "/cluster/"])
def test_a_method_that_there_is_not_is_told_where_its_scores_are_not_shown(
    client: Client, address: str
) -> None:
    whole_cluster()
    between = "&" if "?" in address else "?"

    near, far = (words(page(client, f"{address}{between}method={word}")) for word in ("trust-v22", "x"))

    assert "This page knows no word trust-v22 ; did you mean trust-v2 ? It was left out." in near
    assert "This page knows no word x , only baseline-v1 , trust-v2 , trust-v3 . It was left out." in far


def test_a_word_that_is_like_none_is_told_with_those_that_the_page_takes(client: Client) -> None:
    whole_cluster()

    compare, rules = (words(page(client, f"{address}?validator=X")) for address in ("/compare/", "/rules/"))

    assert "This page knows no word validator , only v , method . It was left out." in compare
    assert "This page knows no word validator . It was left out." in rules


def test_the_nearest_word_of_a_page_has_its_unit(client: Client) -> None:
    whole_cluster()
    known = "search=vote&flagged=no&flag=superminority"

    for address in ("/", "/selection/"):
        text = words(page(client, f"{address}?max_commission=0.05&{known}"))
        assert "This page knows no word max_commission ; did you mean max_commission_percent ?" in text
        assert "knows no" not in words(page(client, f"{address}?{known}"))
