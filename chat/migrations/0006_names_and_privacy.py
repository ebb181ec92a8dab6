"""Names of messages, direct pairs, own mutes, private deliveries, reasons of events."""

import django.core.validators
import django.db.models.deletion
from django.conf import settings
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
        # Erasures, deleted conversations and freed usernames.
        migrations.CreateModel(
            name='Erasure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('username', models.CharField(max_length=255, null=True)),
                ('conversation_id', models.BigIntegerField(null=True)),
                ('requested_at', models.DateTimeField()),
                ('erases_messages', models.BooleanField(default=False)),
                ('step', models.CharField(max_length=20)),
                ('position', models.JSONField(null=True)),
                ('finished_at', models.DateTimeField(null=True)),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='FreedName',
            fields=[
                ('digest', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('freed_at', models.DateTimeField()),
                ('is_pending', models.BooleanField(default=False)),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.AddField(
            model_name='conversation',
            name='deleted_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='user',
            name='tokens_valid_from',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AlterField(
            model_name='departure',
            name='conversation',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='chat.conversation'),
        ),
        migrations.AddIndex(
            model_name='conversation',
            index=models.Index(condition=models.Q(('deleted_at__isnull', False)), fields=['id'], name='conversation_deleted'),
        ),
        migrations.AddField(
            model_name='erasure',
            name='requested_by',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='erasure',
            name='user',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='erasures', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddIndex(
            model_name='erasure',
            index=models.Index(condition=models.Q(('user__isnull', False)), fields=['user'], name='erasure_of_user'),
        ),
        migrations.AddIndex(
            model_name='erasure',
            index=models.Index(condition=models.Q(('username__isnull', False)), fields=['username'], name='erasure_pending'),
        ),
        migrations.AddConstraint(
            model_name='erasure',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('conversation_id__isnull', False), ('user', None)), models.Q(('conversation_id', None), ('user__isnull', False)), _connector='OR'), name='erasure_of_one_thing'),
        ),
        migrations.AddConstraint(
            model_name='erasure',
            constraint=models.UniqueConstraint(condition=models.Q(('finished_at', None), ('user__isnull', False)), fields=('user',), name='erasure_of_user_once'),
        ),
        migrations.AddConstraint(
            model_name='erasure',
            constraint=models.UniqueConstraint(condition=models.Q(('conversation_id__isnull', False), ('finished_at', None)), fields=('conversation_id',), name='erasure_of_conversation_once'),
        ),
    ]
