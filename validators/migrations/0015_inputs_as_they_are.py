from typing import Any

from django.db import migrations

# Megabytes that are compressed already, or floats that hardly compress: PostgreSQL would try in vain, and cut
# them up again to read them.
_COLUMN = 'ALTER TABLE validators_scoringinputs ALTER COLUMN body SET STORAGE'


def as_they_are(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == 'postgresql':
        schema_editor.execute(f'{_COLUMN} EXTERNAL')


def compressed(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == 'postgresql':
        schema_editor.execute(f'{_COLUMN} EXTENDED')


class Migration(migrations.Migration):

    dependencies = [
        ('validators', '0014_name_marks'),
    ]

    operations = [
        migrations.RunPython(as_they_are, compressed),
    ]
