import pytest
from pytest_django.fixtures import Settings
from pytest_httpserver import HTTPServer

from tests.validators.subscriptions.receiving import Receiver


@pytest.fixture
def receiver(httpserver: HTTPServer, settings: Settings) -> Receiver:
    """On this machine, which the settings allow."""
    settings.SUBSCRIPTION_NETWORKS = ["127.0.0.0/8", "::1/128"]
    return Receiver(httpserver)
