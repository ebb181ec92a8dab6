"""The service as a WSGI application; ``config.asgi`` is the one to run."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

_django = get_wsgi_application()

from config.browsers import with_handler_of_tokens  # only now the settings are loaded
from config.connections import settle_connections

application = with_handler_of_tokens(_django)
settle_connections()
