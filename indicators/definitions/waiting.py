"""How long people wait for a place in a nursing home."""

from __future__ import annotations

import datetime

from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from indicators.definitions.conditions import NEXT_REVIEW, REVIEWED, SOURCE
from indicators.indicator import Indicator
from quality.checks.conditions import LONG_STAY, PERIOD_END, PERIOD_START
from submissions.models import Service

MOST_DAYS = datetime.timedelta(days=15)
# A decision dated after the start is a fault of the date, and tells of no waiting time.
DECIDED_BEFORE = Q(decided_on__lte=F("start"))
BEGUN = Q(type=LONG_STAY) & DECIDED_BEFORE & Q(start__gte=PERIOD_START) & Q(start__lte=PERIOD_END)

INDICATORS = (
    Indicator(
        code="waiting-time-nursing-home",
        version=2,
        model=Service,
        title=_("Fått sykehjemsplass innen 15 dager"),
        short_title=_("Sykehjemsplass innen 15 dager"),
        why_it_matters=_(
            "Den som har fått vedtak om plass trenger den nå. Ventetid betyr ofte dyrere og dårligere løsninger for "
            "personen og de pårørende i mellomtiden."
        ),
        cannot_tell=_("Sier ikke hvor lenge personen ventet på vedtaket, og ikke noe om dem som fikk avslag."),
        numerator_text=_("de opphold som startet innen 15 dager etter vedtaket"),
        denominator_text=_("langtidsopphold som startet i løpet av året, med en vedtaksdato som ikke er etter starten"),
        higher_is_better=True,
        denominator=BEGUN,
        numerator=Q(start__lte=F("decided_on") + MOST_DAYS),
        given_by=BEGUN,
        checks=("service-decision-after-start", "service-start-missing"),
        source=SOURCE,
        reviewed=REVIEWED,
        next_review=NEXT_REVIEW,
    ),
)
