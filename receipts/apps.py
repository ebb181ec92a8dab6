from django.apps import AppConfig


class ReceiptsConfig(AppConfig):
    """Who got a message and who has read it: rows, marks, counts, and the API over them."""

    name = "receipts"
    default_auto_field = "django.db.models.BigAutoField"
