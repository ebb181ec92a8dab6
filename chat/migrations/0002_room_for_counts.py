"""Leave room on PostgreSQL's pages for a message's counts to change in place.

Each mark rewrites a message's row. Where the new version fits the same page, no index changes
with it (a "HOT" update); full pages would cost every mark an entry in each index of the table.
"""

from django.db import migrations


def leave_room(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE chat_message SET (fillfactor = 75)")


class Migration(migrations.Migration):
    dependencies = [("chat", "0001_initial")]
    operations = [migrations.RunPython(leave_room, migrations.RunPython.noop)]
