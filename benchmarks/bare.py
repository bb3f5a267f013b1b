"""The yardstick of benchmarks.aggregates: a Django view without middleware that returns bytes read once from a file."""

from __future__ import annotations

import os
from pathlib import Path

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path

settings.configure(ALLOWED_HOSTS=["127.0.0.1"], ROOT_URLCONF=__name__, SECRET_KEY="yardstick", MIDDLEWARE=[])
BODY = Path(os.environ["BARE_BODY"]).read_bytes()


def ready_made(request: HttpRequest) -> HttpResponse:
    # Without it gunicorn could only send in chunks.
    return HttpResponse(BODY, content_type="application/json", headers={"Content-Length": len(BODY)})


urlpatterns = [path("", ready_made)]
application = get_wsgi_application()
