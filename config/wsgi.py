"""The service as a WSGI application; ``config.asgi`` is the one to run."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()

from config.connections import settle  # only now the settings are loaded

settle()
