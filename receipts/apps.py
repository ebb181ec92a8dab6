import logging
from importlib import import_module
from multiprocessing import parent_process

from django.apps import AppConfig
from django.conf import settings
from django.contrib.admin import apps as admin_apps
from django.db.backends.signals import connection_created
from django.db.models import Field, ForeignObject

from receipts.sql.among import Among
from receipts.sql.pooler import examine


class ReceiptsConfig(AppConfig):
    """Who got a message and who has read it: rows, marks, counts, and the API over them."""

    name = "receipts"
    default_auto_field = "django.db.models.BigAutoField"
    default = True

    def ready(self) -> None:
        for kind in Field, ForeignObject:  # a foreign key takes none of a field's lookups
            kind.register_lookup(Among)
        connection_created.connect(examine)
        if parent_process() is None:  # a server's workers need not repeat it
            for sentence in settings.UNKNOWN_VARIABLES:
                logging.getLogger("seenby.settings").warning(sentence)


class ModerationConfig(admin_apps.AdminConfig):
    """Django's admin, with the site of ``receipts.admin.site``."""

    default = False
    default_site = "receipts.admin.site.ModerationSite"

    def ready(self) -> None:
        super().ready()
        import_module("receipts.admin.registered")
