"""The web server's entry; refuses to start when a setting is missing."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kpr_portal.settings")
os.environ["KPR_DATABASE_ROLE"] = "web"

application = get_wsgi_application()

from kpr_portal import urls  # noqa: E402, F401  (read now, so that the first request does not wait for it)
from kpr_portal.configuration import stop_if_unusable  # noqa: E402  (needs the settings above)
from municipalities.statements import limit_statements  # noqa: E402  (the same)

stop_if_unusable()
limit_statements(settings.KPR_WEB_STATEMENT_SECONDS)
