"""People look at receipts; only services write them, so there is a right to look alone."""

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
