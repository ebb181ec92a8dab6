"""The group of moderators, with only the permissions that they need.

They see everything, delete messages softly and restore them. Nobody may write a receipt.
"""

from django.conf import settings
from django.db import migrations

NAME = "Moderators"
RIGHTS = {
    ("chat", "conversation"): {"view_conversation": "Can view conversation"},
    ("chat", "conversationparticipant"): {
        "view_conversationparticipant": "Can view conversation participant"
    },
    ("chat", "message"): {
        "view_message": "Can view message",
        "moderate_message": "Can delete messages softly and restore them",
    },
    ("chat", "user"): {"view_user": "Can view user"},
    ("receipts", "messagestatus"): {"view_messagestatus": "Can view message status"},
}
#: Permissions that earlier versions created and nothing checks.
GONE = [
    ("chat", "message", ["add_message", "change_message", "delete_message"]),
    (
        "receipts",
        "messagestatus",
        ["add_messagestatus", "change_messagestatus", "delete_messagestatus"],
    ),
]


def make_group(apps, schema_editor):
    """Rights are made here, since Django makes its own only after the last migration."""
    ContentType = apps.get_model("contenttypes", "ContentType")
    Permission = apps.get_model("auth", "Permission")
    group, _ = apps.get_model("auth", "Group").objects.get_or_create(name=NAME)
    for (app, model), rights in RIGHTS.items():
        content_type, _ = ContentType.objects.get_or_create(app_label=app, model=model)
        for codename, name in rights.items():
            right, _ = Permission.objects.get_or_create(
                content_type=content_type, codename=codename, defaults={"name": name}
            )
            group.permissions.add(right)
    for app, model, codenames in GONE:
        Permission.objects.filter(
            content_type__app_label=app, content_type__model=model, codename__in=codenames
        ).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("receipts", "0003_rights"),
        ("chat", "0003_archived_messages_and_lists_by_time"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [migrations.RunPython(make_group, migrations.RunPython.noop)]
