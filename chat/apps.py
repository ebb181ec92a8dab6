from django.apps import AppConfig


class ChatConfig(AppConfig):
    """The chat product that receipts are kept for. It never imports ``receipts``."""

    name = "chat"
    default_auto_field = "django.db.models.BigAutoField"
