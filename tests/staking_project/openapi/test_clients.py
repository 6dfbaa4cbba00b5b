"""Clients that others generate from the document come out whole, and work against a running server."""

import sys
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import httpx
import pytest
from datamodel_code_generator import InputFileType, generate
from datamodel_code_generator.enums import DataModelType
from datamodel_code_generator.format import Formatter
from openapi_python_client import generate as generate_client
from openapi_python_client.config import Config, ConfigFile, MetaType
from pytest_django.live_server_helper import LiveServer

from tests.validators.rows import fetch, history, validator

pytestmark = pytest.mark.django_db(transaction=True)


def client_package(document: Path, folder: Path) -> Any:
    """openapi-python-client's; what it could not make of the document is an error here."""
    config = Config.from_sources(
        config_file=ConfigFile(post_hooks=[], package_name_override="staking_client"),
        meta_type=MetaType.NONE,
        document_source=document,
        file_encoding="utf-8",
        overwrite=True,
        output_path=folder / "staking_client",
    )
    assert list(generate_client(config=config)) == []
    sys.path.insert(0, str(folder))
    return import_module("staking_client")


def models_module(document: Path, folder: Path) -> Any:
    """datamodel-code-generator's pydantic models."""
    written = folder / "staking_models.py"
    generate(
        document,
        input_file_type=InputFileType.OpenAPI,
        output=written,
        output_model_type=DataModelType.PydanticV2BaseModel,
        formatters=[Formatter.BUILTIN],
    )
    spec = spec_from_file_location("staking_models", written)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["staking_models"] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_clients_read_validators_and_refusals(
    live_server: LiveServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    fetch()
    for number in (1, 2):
        history(validator(number, name=f"Blue Lagoon {number}", client="agave"), epochs=2)
    document = tmp_path / "openapi.json"
    document.write_text(httpx.get(f"{live_server.url}/api/openapi.json").text)

    package = client_package(document, tmp_path)
    by_stake = import_module("staking_client.models").ListValidatorsSort("-stake")
    client = package.Client(base_url=live_server.url)
    [listed, epochs, refused, unknown] = [
        import_module(f"staking_client.api.validators.{name}").sync(client=client, **asked)
        for name, asked in (
            ("list_validators", {"sort": by_stake, "limit": 1}),
            ("list_epochs", {"vote_account": "vote1"}),
            ("list_validators", {"cursor": "mine"}),
            ("get_validator", {"vote_account": "vote9"}),
        )
    ]
    assert [one.vote_account for one in listed.items] == ["vote2"]
    assert listed.next_cursor
    assert [one.credits_unit.value for one in epochs.items] == ["vote_credits"] * 2
    assert [refused.code, unknown.code] == ["invalid_cursor", "unknown_validator"]

    models = models_module(document, tmp_path)
    answer = httpx.get(f"{live_server.url}/api/v1/validators", headers={"Accept-Encoding": "br, gzip"})
    read = models.ValidatorList.model_validate_json(answer.content)
    assert {one.name for one in read.items} == {"Blue Lagoon 1", "Blue Lagoon 2"}
