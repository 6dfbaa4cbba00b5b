"""Which picture answers are made of, told by those who change it."""

import secrets
from collections.abc import Iterable
from typing import Final

from django.db import models

# The sum of all rows' numbers fits into 63 bits.
_BITS: Final = 56


class Writer(models.TextChoices):
    """Who writes what answers tell, beside the sources, each of which is one by its own name."""

    SCORES = "scores"
    REFITS = "refits"
    IMPORTS = "imports"
    RETENTION = "retention"
    VERDICTS = "verdicts"


class PictureMark(models.Model):
    """A number by chance for each who writes what answers tell; another one with each of its changes.

    A row for each, for the lock on it lasts until its transaction ends. By chance, so that no restored
    database ever stands where it stood before.
    """

    writer = models.CharField(max_length=20, primary_key=True)
    mark = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.writer} {self.mark:x}"


def mark_picture(writer: str) -> None:
    """Call inside the transaction that changes what answers tell, whatever of it changes.

    `validators.reading.picture.picture_version` is another one from its commit on.
    """
    PictureMark.objects.bulk_create(
        [PictureMark(writer=str(writer), mark=secrets.randbits(_BITS))],
        update_conflicts=True,
        unique_fields=["writer"],
        update_fields=["mark"],
    )


def marks_beside(writers: Iterable[str]) -> dict[str, int]:
    """The marks of everybody but these, so that a writer whom nobody named counts.

    Whoever compared with what others write asks again inside his transaction: the same marks, and what he
    read still holds.
    """
    marks = PictureMark.objects.exclude(writer__in=tuple(map(str, writers)))
    return dict(marks.values_list("writer", "mark"))
