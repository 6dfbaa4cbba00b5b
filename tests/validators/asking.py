"""The API asked over HTTP, for its tests."""

import json
from typing import Any

from django.test import Client

NOON_TEXT = "2026-11-23T12:00:00Z"


def get(client: Client, address: str, **headers: str) -> Any:
    response = client.get(f"/api/v1/{address}", headers=headers)
    assert response.status_code == 200, response.content
    return json.loads(response.content)
