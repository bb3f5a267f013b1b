"""Routes under /api/v1/: fixed names that clients call."""

from csp.constants import SELF, UNSAFE_INLINE
from csp.decorators import csp_update
from django.urls import path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from quality.api import ChecksView, FindingsView, RowsView
from submissions.api import StatusView, SubmissionsView, SubmissionView

# Swagger UI carries its few styles inline; its script comes as a file of its own.
docs = csp_update({"style-src": [SELF, UNSAFE_INLINE]})(SpectacularSwaggerSplitView.as_view(url_name="api-schema"))

urlpatterns = [
    path("schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("docs/", docs, name="api-docs"),
    path("submissions/", SubmissionsView.as_view(), name="api-submissions"),
    path("submissions/<int:pk>/", SubmissionView.as_view(), name="api-submission"),
    path("submissions/<int:pk>/findings/", FindingsView.as_view(), name="api-findings"),
    path("submissions/<int:pk>/findings/<slug:code>/rows/", RowsView.as_view(), name="api-finding-rows"),
    path("checks/", ChecksView.as_view(), name="api-checks"),
    path("status/", StatusView.as_view(), name="api-status"),
]
