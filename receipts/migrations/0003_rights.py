"""Only services write receipts, so the only permission on them is to view them."""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('receipts', '0002_room_for_times'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='messagestatus',
            options={'default_permissions': ('view',), 'verbose_name': 'message status', 'verbose_name_plural': 'message statuses'},
        ),
    ]
