from tests.validators.conftest import endpoint

__all__ = ["endpoint"]
