"""Leave room on PostgreSQL's pages for a row's times to be set in place (see chat 0002)."""

from django.db import migrations


def leave_room(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE receipts_messagestatus SET (fillfactor = 75)")


class Migration(migrations.Migration):
    dependencies = [("receipts", "0001_initial")]
    operations = [migrations.RunPython(leave_room, migrations.RunPython.noop)]
