"""Names of messages, direct pairs, own mutes, private deliveries, reasons of events."""

import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

#: The oldest direct conversation of each two people is the one that they have; others stay besides.
_PAIR_THE_OLDEST = """
    UPDATE chat_conversation SET pair = paired.pair
      FROM (SELECT found.conversation_id, found.pair,
                   ROW_NUMBER() OVER (PARTITION BY found.pair
                                      ORDER BY found.created_at, found.conversation_id) AS place
              FROM (SELECT conversation.id AS conversation_id, conversation.created_at,
                           CAST(MIN(participant.user_id) AS text) || '-'
                           || CAST(MAX(participant.user_id) AS text) AS pair
                      FROM chat_conversation AS conversation
                      JOIN chat_conversationparticipant AS participant
                        ON participant.conversation_id = conversation.id
                     WHERE conversation.kind = 'direct'
                     GROUP BY conversation.id, conversation.created_at
                    HAVING COUNT(*) = 2) AS found) AS paired
     WHERE chat_conversation.id = paired.conversation_id AND paired.place = 1"""


#: Imports kept a message's id as ``client_id``, after this prefix.
_IS_IMPORTED = "SUBSTR(client_id, 1, 7) = 'import:'"
#: Of several with one name, which only imports at the same moment could make, the first keeps it.
NAME_IMPORTED = f"""
    INSERT INTO chat_messagename (external_id, message_id, conversation_id)
    SELECT SUBSTR(client_id, 8), id, conversation_id FROM chat_message
     WHERE {_IS_IMPORTED} ORDER BY id
        ON CONFLICT (external_id) DO NOTHING;
    UPDATE chat_message
       SET is_imported = TRUE, client_id = NULL, external_id = (
           SELECT named.external_id FROM chat_messagename AS named
            WHERE named.external_id = SUBSTR(chat_message.client_id, 8)
              AND named.message_id = chat_message.id)
     WHERE {_IS_IMPORTED}"""
UNNAME_IMPORTED = """
    UPDATE chat_message SET client_id = 'import:' || external_id
     WHERE is_imported AND external_id IS NOT NULL"""


#: Accounts that are deactivated now can be reactivated like those deactivated later. The last
#: departure from a conversation in which they still take part must have been the deactivation.
SWITCHED_OFF_NOW = """
    UPDATE chat_departure SET is_deactivation = TRUE WHERE id IN (
        SELECT departure.id FROM chat_departure AS departure
          JOIN chat_user AS member ON member.id = departure.user_id AND NOT member.is_active
          JOIN chat_conversationparticipant AS participant
            ON participant.user_id = departure.user_id AND participant.is_active
           AND participant.conversation_id = departure.conversation_id
           AND participant.joined_at <= departure.at
         WHERE departure.up_to IS NOT NULL AND NOT EXISTS (
               SELECT 1 FROM chat_departure AS later
                WHERE later.user_id = departure.user_id
                  AND later.conversation_id = departure.conversation_id
                  AND later.up_to IS NOT NULL AND later.at > departure.at))"""


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
        migrations.RunSQL(NAME_IMPORTED, UNNAME_IMPORTED),
        migrations.RunSQL(_PAIR_THE_OLDEST, migrations.RunSQL.noop),
        migrations.AddField(
            model_name='departure',
            name='is_deactivation',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name='departure',
            name='delivered_up_to',
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='departure',
            name='delivered_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='departure',
            name='read_up_to',
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='departure',
            name='read_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.RunSQL(SWITCHED_OFF_NOW, migrations.RunSQL.noop),
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
