"""Routes under /api/v1/: fixed names that clients call."""

from django.urls import path

from kpr_portal.api_docs import DocsView, SchemaView
from publications.api import (
    AggregatesView,
    CodeListsView,
    CodeListView,
    IndicatorsView,
    PublicationsView,
    PublicationView,
)
from quality.api import ChecksView, FindingsView, RowsView
from submissions.api import StatusView, SubmissionsView, SubmissionView

urlpatterns = [
    path("schema/", SchemaView.as_view(), name="api-schema"),
    path("docs/", DocsView.as_view(), name="api-docs"),
    path("submissions/", SubmissionsView.as_view(), name="api-submissions"),
    path("submissions/<int:pk>/", SubmissionView.as_view(), name="api-submission"),
    path("submissions/<int:pk>/findings/", FindingsView.as_view(), name="api-findings"),
    path("submissions/<int:pk>/findings/<slug:code>/rows/", RowsView.as_view(), name="api-finding-rows"),
    path("checks/", ChecksView.as_view(), name="api-checks"),
    path("status/", StatusView.as_view(), name="api-status"),
    path("indicators/", IndicatorsView.as_view(), name="api-indicators"),
    path("aggregates/<slug:indicator>/", AggregatesView.as_view(), name="api-aggregates"),
    path("codelists/", CodeListsView.as_view(), name="api-codelists"),
    path("codelists/<slug:name>/", CodeListView.as_view(), name="api-codelist"),
    path("publications/", PublicationsView.as_view(), name="api-publications"),
    path("publications/<int:number>/", PublicationView.as_view(), name="api-publication"),
]
