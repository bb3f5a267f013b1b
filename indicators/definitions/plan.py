"""Individual plans of people in rehabilitation, at home and in institutions."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from indicators.definitions.conditions import (
    NEXT_REVIEW,
    REVIEWED,
    SOURCE,
    has_service,
    latest_is_yes,
    unanswered,
)
from indicators.indicator import Indicator
from quality.checks.conditions import PERIOD_END, PERIOD_START, active, answers
from submissions.models import Person, Topic

REHABILITATION_STAY = 19
REHABILITATION = Topic.REHABILITATION
WHY = _(
    "Den som trenger flere tjenester over tid har rett til en individuell plan, der personens egne mål styrer hva "
    "tjenestene gjør sammen."
)
CANNOT_TELL = _("Ikke alle ønsker en plan. Sier ikke om planen er i bruk, eller om målene er nådd.")


def rehabilitation_in_force() -> Q:
    """A "yes" dated by the end of the period that no later "no" ended before the period began."""
    ended = answers(REHABILITATION, person="person", yes=False, date__gt=OuterRef("date"), date__lt=PERIOD_START)
    return Q(Exists(answers(REHABILITATION, ~Q(Exists(ended)), yes=True, date__lte=PERIOD_END)))


INDICATORS = (
    Indicator(
        code="individual-plan-rehab-home",
        version=2,
        model=Person,
        title=_("Individuell plan ved rehabilitering hjemme"),
        short_title=_("Individuell plan, hjemme"),
        why_it_matters=WHY,
        cannot_tell=CANNOT_TELL,
        numerator_text=_("de som har en individuell plan"),
        denominator_text=_("personer med habilitering eller rehabilitering utenfor institusjon i løpet av året"),
        higher_is_better=True,
        denominator=rehabilitation_in_force(),
        numerator=latest_is_yes(Topic.INDIVIDUAL_PLAN),
        given_by=active(),
        topic=Topic.INDIVIDUAL_PLAN,
        missing=unanswered(Topic.INDIVIDUAL_PLAN),
        checks=("rehabilitation-only-no", "rehabilitation-starts-without-end"),
        source=SOURCE,
        reviewed=REVIEWED,
        next_review=NEXT_REVIEW,
    ),
    Indicator(
        code="individual-plan-rehab-institution",
        version=2,
        model=Person,
        title=_("Individuell plan ved rehabilitering i institusjon"),
        short_title=_("Individuell plan, institusjon"),
        why_it_matters=WHY,
        cannot_tell=CANNOT_TELL,
        numerator_text=_("de som har en individuell plan"),
        denominator_text=_("personer med tidsbegrenset opphold for rehabilitering i løpet av året"),
        higher_is_better=True,
        denominator=has_service(active(), type=REHABILITATION_STAY),
        numerator=latest_is_yes(Topic.INDIVIDUAL_PLAN),
        given_by=active() & Q(type=REHABILITATION_STAY),
        topic=Topic.INDIVIDUAL_PLAN,
        missing=unanswered(Topic.INDIVIDUAL_PLAN),
        source=SOURCE,
        reviewed=REVIEWED,
        next_review=NEXT_REVIEW,
    ),
)
