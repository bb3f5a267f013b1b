"""All addresses of the portal."""

from django.contrib.auth.views import LogoutView
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import TemplateView
from django.views.i18n import set_language

from dashboards import steering_views as steering
from dashboards import views as indicators
from kpr_portal import health, home
from municipalities import views as municipalities
from municipalities.api import UnknownAddress
from publications import views as public
from quality import views as quality
from submissions import views as submissions

handler500 = "kpr_portal.errors.server_error"


def text_page(address: str, name: str) -> URLPattern:
    """A page that is only words."""
    return path(f"om/{address}", TemplateView.as_view(template_name=f"about/{name}.html"), name=f"about-{name}")


urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.front, name="front"),
    path("logg-inn/", municipalities.LoginView.as_view(), name="login"),
    path("logg-ut/", LogoutView.as_view(), name="logout"),
    # Without a token, which would give every reader of the open figures a cookie; a language is all that can be forged.
    path("spraak/", csrf_exempt(set_language), name="set_language"),
    path("hjem/", home.home, name="home"),
    path("register/", home.register, name="register"),
    path("register/aarstall/", steering.register_yearly, name="register-yearly"),
    path("kommune/<slug:code>/", home.municipality_home, name="municipality-home"),
    path("kommune/<slug:code>/enheter/", municipalities.units, name="units"),
    path("kommune/<slug:code>/innsendinger/", submissions.submissions, name="submissions"),
    path("kommune/<slug:code>/innsendinger/ny/", submissions.new, name="submission-new"),
    path("innsendinger/<int:pk>/", submissions.submission, name="submission"),
    path("innsendinger/<int:pk>/framdrift/", submissions.progress, name="submission-progress"),
    path("kommune/<slug:code>/funn/", quality.findings, name="findings"),
    path("kommune/<slug:code>/funn/<slug:check>/", quality.finding, name="finding"),
    path("kommune/<slug:code>/funn/<slug:check>/excel/", quality.finding_excel, name="finding-excel"),
    path("kommune/<slug:code>/funn/<slug:check>/csv/", quality.finding_csv, name="finding-csv"),
    path("kommune/<slug:code>/styring/", steering.steering, name="steering"),
    path("kommune/<slug:code>/indikatorer/", indicators.indicators, name="indicators"),
    path("kommune/<slug:code>/indikatorer/<slug:indicator>/", indicators.indicator, name="indicator"),
    path(
        "kommune/<slug:code>/indikatorer/<slug:indicator>/personer/",
        indicators.indicator_records,
        name="indicator-records",
    ),
    path("kommune/<slug:code>/indikatorer/<slug:indicator>/tall.csv", indicators.figures_csv, name="indicator-csv"),
    path("kommune/<slug:code>/indikatorer/<slug:indicator>/tall.xlsx", indicators.figures_excel, name="indicator-xlsx"),
    path("indikatorer/", public.public_indicators, name="public-indicators"),
    path("indikatorer/utgivelser/", public.publications, name="publications"),
    path("indikatorer/<slug:indicator>/", public.public_indicator, name="public-indicator"),
    path("om/indikatorer/", public.definitions, name="about-indicators"),
    text_page("", "portal"),
    text_page("personvern/", "privacy"),
    text_page("datakilder/", "sources"),
    text_page("tilgjengelighet/", "accessibility"),
    path("om/kontroller/", quality.checks, name="checks"),
    path("om/kontroller/<slug:check>/", quality.check, name="check"),
    path("api/v1/", include("kpr_portal.api_urls")),
    re_path("^api/", UnknownAddress.as_view(), name="api-unknown"),
    path(".well-known/security.txt", health.security_txt, name="security-txt"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]

handler400 = "kpr_portal.errors.bad_request"
handler403 = "kpr_portal.errors.forbidden"
handler404 = "kpr_portal.errors.not_found"
handler500 = "kpr_portal.errors.server_error"
