from django.urls import URLPattern, URLResolver, include, path

from kpr_portal import health

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("api/v1/", include("kpr_portal.api_urls")),
]
