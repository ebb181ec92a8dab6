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
    ]
