"""Indexes in the order of time; an event for edits."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('chat', '0005_order_by_time'),
        ('receipts', '0007_content_of_disclosed_reads'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='messagestatus',
            name='status_unread',
        ),
        migrations.RemoveIndex(
            model_name='messagestatus',
            name='status_read_privately',
        ),
        migrations.AlterField(
            model_name='receiptevent',
            name='kind',
            field=models.CharField(choices=[('receipt.updated', "Receipts of one's messages changed: to their sender"), ('conversation.read', "One read or unread messages: to one's own devices"), ('message.created', 'A message was sent: to all who take part'), ('message.edited', 'The text of a message changed: to all who take part'), ('message.deleted', 'A message was deleted: to all who take part'), ('message.restored', 'A message was restored: to all who take part')], max_length=20),
        ),
        migrations.AddIndex(
            model_name='messagestatus',
            index=models.Index(condition=models.Q(('seen_at', None), ('withdrawn_at', None)), fields=['recipient', 'conversation', 'sent_at', 'message'], name='status_unread'),
        ),
        migrations.AddIndex(
            model_name='messagestatus',
            index=models.Index(condition=models.Q(('delivered_at__isnull', False), ('read_at', None), ('seen_at__isnull', False), ('withdrawn_at', None)), fields=['recipient', 'conversation', 'sent_at', 'message'], name='status_read_privately'),
        ),
        migrations.AddIndex(
            model_name='messagestatus',
            index=models.Index(condition=models.Q(('delivered_at', None), ('read_at', None), ('seen_at__isnull', False), ('withdrawn_at', None)), fields=['recipient', 'conversation', 'sent_at', 'message'], name='status_seen_only'),
        ),
    ]
