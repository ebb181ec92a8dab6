"""Rows of settled messages can be archived; lists by time have an index; rights are fewer."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('chat', '0002_room_for_counts'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='message',
            options={'default_permissions': ('view',), 'permissions': [('moderate_message', 'Can delete messages softly and restore them')]},
        ),
        migrations.AddField(
            model_name='message',
            name='archived_at',
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(fields=['created_at'], name='message_by_time'),
        ),
    ]
