"""Texts in one order on every database."""

from typing import Any

from django.db.models import CharField, Func


class ByBytes(Func):
    """A text that is put in order by its bytes, in whatever language a PostgreSQL sorts."""

    arity = 1
    template = "%(expressions)s"
    output_field = CharField()

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self.as_sql(compiler, connection, template='(%(expressions)s COLLATE "C")', **extra)
