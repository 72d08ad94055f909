"""WSGI entry point of the web server."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "huitou.config.settings")
application = get_wsgi_application()

# The framework's own half million objects live for ever: the collector need not walk them again
# and again while a batch of a thousand messages is read.
gc.collect()
gc.freeze()
gc.set_threshold(20_000, 20, 20)
