"""Names of conversations that are distributed over several nodes."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("chat", "0007_message_numbers"),
    ]

    operations = [
        migrations.CreateModel(
            name="ConversationName",
            fields=[
                ("name", models.CharField(max_length=260, primary_key=True, serialize=False)),
                (
                    "conversation",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="chat.conversation",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
            },
        ),
    ]
