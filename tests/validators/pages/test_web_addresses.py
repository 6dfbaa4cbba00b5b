"""Which of a validator's own words become a link."""

import pytest

from validators.templatetags.units import is_web_address


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("https://example.org/path?q=1", True),
        ("http://example.org", True),
        ("HTTPS://example.org", True),
        ("https://bank.example@evil.example/", False),
        ("https://user:password@example.org", False),
        ("https://example.org/a@b", True),
        ("https:///nothing", False),
        ("https://[broken", False),
        ("javascript:alert(1)", False),
        ("example.org", False),
        ("", False),
    ],
)
def test_only_what_leads_where_it_seems_to(text: str, is_one: bool) -> None:
    assert is_web_address(text) is is_one
