"""The API described: OpenAPI for programs, Swagger UI for people."""

from __future__ import annotations

from typing import Any

from csp.constants import SELF, UNSAFE_INLINE
from csp.decorators import csp_update
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiJsonRenderer2, OpenApiYamlRenderer
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.request import Request

from municipalities import parameters
from municipalities.api import RestView

RENDERERS = {"json": OpenApiJsonRenderer, "yaml": OpenApiYamlRenderer}


class SchemaView(RestView, SpectacularAPIView):
    parameters = (parameters.choice("format", tuple(RENDERERS), description="Goes before Accept."),)
    renderer_classes = [OpenApiYamlRenderer, OpenApiJsonRenderer, OpenApiJsonRenderer2]
    permission_classes = RestView.permission_classes

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        named = RENDERERS.get(request.query_params.get("format", ""))
        return (named(), named.media_type) if named else super().perform_content_negotiation(request, force)


# Swagger UI carries its few styles inline; its script comes as a file of its own.
@method_decorator(csp_update({"style-src": [SELF, UNSAFE_INLINE]}), name="dispatch")
class DocsView(RestView, SpectacularSwaggerSplitView):
    url_name = "api-schema"
    template_name = "api_docs.html"
    # The page asks for its own script with an empty parameter.
    parameters = (parameters.text("script", "", expected=gettext_lazy("uten verdi"), description="The page's script."),)
    permission_classes = RestView.permission_classes
