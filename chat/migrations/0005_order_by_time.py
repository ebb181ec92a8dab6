"""Messages stand in the order of time; a text may be edited."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('chat', '0004_departures'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='message',
            name='message_in_conversation',
        ),
        migrations.AddField(
            model_name='conversationparticipant',
            name='held_back',
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
        migrations.AddField(
            model_name='message',
            name='edited_at',
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name='message',
            name='read_since_edit_count',
            field=models.IntegerField(db_default=0, default=0),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(fields=['conversation', 'created_at', 'id'], include=('tracking',), name='message_in_conversation'),
        ),
    ]
