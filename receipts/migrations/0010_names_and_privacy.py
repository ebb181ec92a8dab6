"""Names of messages, direct pairs, own mutes, private deliveries, reasons of events."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('receipts', '0009_history_of_imports'),
    ]

    operations = [
        migrations.AddField(
            model_name='historyposition',
            name='is_hidden',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name='messagestatus',
            name='received_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='receiptevent',
            name='marked_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='receiptevent',
            name='reason',
            field=models.CharField(max_length=1000, null=True),
        ),
        migrations.AlterField(
            model_name='messagestatus',
            name='failure_reason',
            field=models.CharField(max_length=1000, null=True),
        ),
        migrations.AlterField(
            model_name='receiptevent',
            name='kind',
            field=models.CharField(choices=[('receipt.updated', "Receipts of one's messages changed: to their sender"), ('conversation.read', "One read or unread messages: to one's own devices"), ('message.created', 'A message was sent: to all who take part'), ('message.edited', 'The text of a message changed: to all who take part'), ('message.deleted', 'A message was deleted: to all who take part'), ('message.restored', 'A message was restored: to all who take part'), ('conversation.deleted', 'A conversation was deleted: to all of it')], max_length=20),
        ),
        migrations.AddIndex(
            model_name='messagestatus',
            index=models.Index(condition=models.Q(('withdrawn_at__isnull', False)), fields=['recipient', 'conversation', 'message'], name='status_withdrawn'),
        ),
        migrations.AddField(
            model_name='receiptevent',
            name='external_id',
            field=models.CharField(max_length=255, null=True),
        ),
        migrations.AddIndex(
            model_name='messagestatus',
            index=models.Index(condition=models.Q(('content__isnull', False), ('failure_reason__isnull', False), _connector='OR'), fields=['recipient', 'id'], name='status_with_words'),
        ),
        migrations.AddIndex(
            model_name='receiptevent',
            index=models.Index(condition=models.Q(('reason__isnull', False)), fields=['actor', 'id'], name='event_with_reason'),
        ),
    ]
