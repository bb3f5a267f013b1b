"""What beat has done for the whole portal."""

from celery import shared_task
from django.conf import settings

from kpr_portal import refreshing, retention
from municipalities.statements import statements_of
from publications.release import release_due


@shared_task(name="kpr_portal.remove_old")
def remove_old() -> None:
    with statements_of(settings.KPR_NATION_STATEMENT_SECONDS):
        retention.remove_old()


@shared_task(name="kpr_portal.refresh_and_release")
def refresh_and_release() -> None:
    """Every night. What is released that day is released of figures that are up to date."""
    with statements_of(settings.KPR_NATION_STATEMENT_SECONDS):
        refreshing.refresh()
        release_due()
