"""How much stands in the database."""

from dataclasses import dataclass

from django.apps import apps
from django.db import connection


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseState:
    """The database's kind, its size in bytes, and the rows of each table of this project and of django-q2."""

    vendor: str
    size: int
    rows: dict[str, int]


def database_state() -> DatabaseState:
    return DatabaseState(vendor=connection.vendor, size=database_size(), rows=_rows())


def database_size() -> int:
    """In bytes."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_database_size(current_database())")
        else:
            cursor.execute("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
        return int(cursor.fetchone()[0])


def _rows() -> dict[str, int]:
    """Exact counts; what Django keeps for itself (users, sessions) is nobody's question here."""
    models = [
        model
        for application in apps.get_app_configs()
        if not application.name.startswith("django.")
        for model in application.get_models()
        if not model._meta.proxy
    ]
    return {model._meta.db_table: model._base_manager.count() for model in models}
