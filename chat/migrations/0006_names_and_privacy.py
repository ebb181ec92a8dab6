"""Names of messages, direct pairs, own mutes, private deliveries, reasons of events."""

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('chat', '0005_order_by_time'),
    ]

    operations = [
        migrations.CreateModel(
            name='MessageName',
            fields=[
                ('external_id', models.CharField(max_length=255, primary_key=True, serialize=False)),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.RemoveIndex(
            model_name='message',
            name='message_in_conversation',
        ),
        migrations.AddField(
            model_name='conversation',
            name='pair',
            field=models.CharField(editable=False, max_length=41, null=True, unique=True),
        ),
        migrations.AddField(
            model_name='conversationparticipant',
            name='notifications_enabled',
            field=models.BooleanField(db_default=True, default=True, editable=False),
        ),
        migrations.AddField(
            model_name='conversationparticipant',
            name='has_private_deliveries',
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
        migrations.AddField(
            model_name='message',
            name='external_id',
            field=models.CharField(blank=True, help_text="This message's id in another system.", max_length=255, null=True, validators=[django.core.validators.RegexValidator('\\A[^\\x00-\\x1f\\x7f]+\\Z', 'May not hold control characters.')]),
        ),
        migrations.AddField(
            model_name='message',
            name='is_activity',
            field=models.BooleanField(db_default=True, default=True),
        ),
        migrations.AddField(
            model_name='message',
            name='is_imported',
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
        migrations.AddField(
            model_name='user',
            name='delivery_receipts_enabled',
            field=models.BooleanField(db_default=True, default=True, help_text="Off: others see nothing of this person's deliveries until an open read."),
        ),
        migrations.AlterField(
            model_name='message',
            name='client_id',
            field=models.CharField(blank=True, help_text="The sender's own id for it: sending the same one again is the same message.", max_length=255, null=True),
        ),
        migrations.AlterField(
            model_name='message',
            name='tracking',
            field=models.CharField(choices=[('tracked', 'Tracked'), ('not_requested', 'The sender asked for none'), ('policy', "The conversation's policy allows none"), ('too_many_recipients', 'Too many recipients for rows'), ('system', 'A system line')], default='tracked', max_length=20),
        ),
        migrations.AlterField(
            model_name='user',
            name='username',
            field=models.CharField(help_text='The id that other systems use for this person.', max_length=255, unique=True, validators=[django.core.validators.RegexValidator('\\A(?!\\.{1,2}\\Z)[^\\s\\x00-\\x1f\\x7f]([^\\x00-\\x1f\\x7f]*[^\\s\\x00-\\x1f\\x7f])?\\Z', 'May not hold control characters, nor begin or end with a blank.')]),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(fields=['conversation', 'created_at', 'id'], include=('tracking', 'is_activity'), name='message_in_conversation'),
        ),
        migrations.AddField(
            model_name='messagename',
            name='conversation',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='chat.conversation'),
        ),
        migrations.AddField(
            model_name='messagename',
            name='message',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='chat.message'),
        ),
    ]
