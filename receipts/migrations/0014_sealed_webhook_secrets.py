"""Webhooks' secrets are encrypted; an endpoint has two while its secret is replaced, and pings."""

from django.db import migrations, models

import receipts.models.webhook
from chat.sealing import unseal
from receipts.models.webhook import SECRET_PURPOSE, seal_secret


def seal_all(apps, schema_editor):
    endpoints = apps.get_model("receipts", "WebhookEndpoint").objects
    for pk, secret in endpoints.values_list("pk", "sealed_secret"):
        endpoints.filter(pk=pk).update(sealed_secret=seal_secret(secret))


def unseal_all(apps, schema_editor):
    endpoints = apps.get_model("receipts", "WebhookEndpoint").objects
    for pk, sealed in endpoints.values_list("pk", "sealed_secret"):
        endpoints.filter(pk=pk).update(sealed_secret=unseal(SECRET_PURPOSE, sealed))


class Migration(migrations.Migration):

    dependencies = [
        ('receipts', '0013_rollup_of_insights'),
    ]

    operations = [
        migrations.RenameField('webhookendpoint', 'secret', 'sealed_secret'),
        migrations.AlterField(
            model_name='webhookendpoint',
            name='sealed_secret',
            field=models.TextField(default=receipts.models.webhook.new_sealed_secret, editable=False),
        ),
        migrations.AddField(
            model_name='webhookendpoint',
            name='sealed_previous_secret',
            field=models.TextField(blank=True, default='', editable=False),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='webhookendpoint',
            name='previous_until',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='webhookendpoint',
            name='ping_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.RunPython(seal_all, unseal_all),
    ]
