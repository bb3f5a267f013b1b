"""Long stays in nursing homes: medicines reviewed, seen by a doctor, seen by dental staff."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from indicators.definitions.conditions import (
    NEXT_REVIEW,
    OLD_RESIDENTS,
    RESIDENTS,
    REVIEWED,
    SOURCE,
    stays,
    unanswered,
    yes_within_12_months,
)
from indicators.indicator import Indicator
from quality.checks.conditions import LONG_STAY
from submissions.models import Person, Topic

# Municipalities of no more than 100 000 inhabitants are not published by name (the register's own rule for these two).
LARGE = 100_000
# Checks of what makes somebody a resident at the end of the year.
STAYS = ("service-start-missing", "service-end-before-start", "service-long-stays-overlap")

INDICATORS = (
    Indicator(
        code="medication-review-institution",
        version=2,
        model=Person,
        title=_("Legemiddelgjennomgang på sykehjem"),
        short_title=_("Legemiddelgjennomgang"),
        why_it_matters=_(
            "Beboere bruker mange legemidler samtidig. En gjennomgang minst én gang i året finner bivirkninger, feil doser og "
            "legemidler som kan avsluttes."
        ),
        cannot_tell=_("Sier ikke om legemidlene ble endret, og ikke hvem som deltok i gjennomgangen."),
        numerator_text=_("de som har hatt en legemiddelgjennomgang siste 12 måneder"),
        denominator_text=_("beboere på 67 år og over med langtidsopphold ved utgangen av året"),
        higher_is_better=True,
        population=OLD_RESIDENTS,
        numerator=yes_within_12_months(Topic.MEDICATION_REVIEW),
        given_by=stays(type=LONG_STAY),
        topic=Topic.MEDICATION_REVIEW,
        missing=unanswered(Topic.MEDICATION_REVIEW),
        checks=STAYS,
        least_inhabitants=LARGE,
        source=SOURCE,
        reviewed=REVIEWED,
        next_review=NEXT_REVIEW,
    ),
    Indicator(
        code="seen-by-doctor-institution",
        version=2,
        model=Person,
        title=_("Vurdert av lege på sykehjem"),
        short_title=_("Vurdert av lege"),
        why_it_matters=_("Beboere på sykehjem er syke, og skal vurderes av lege ved innkomst og minst hvert år."),
        cannot_tell=_("Sier ikke hvor ofte legen kommer, eller om beboeren ble sett da det trengtes."),
        numerator_text=_("de som er vurdert av lege siste 12 måneder"),
        denominator_text=_("beboere med langtidsopphold ved utgangen av året"),
        higher_is_better=True,
        population=RESIDENTS,
        numerator=yes_within_12_months(Topic.SEEN_BY_DOCTOR),
        given_by=stays(type=LONG_STAY),
        topic=Topic.SEEN_BY_DOCTOR,
        missing=unanswered(Topic.SEEN_BY_DOCTOR),
        checks=STAYS,
        least_inhabitants=LARGE,
        source=SOURCE,
        reviewed=REVIEWED,
        next_review=NEXT_REVIEW,
    ),
    Indicator(
        code="seen-by-dentist-institution",
        version=2,
        model=Person,
        title=_("Vurdert av tannhelsepersonell på sykehjem"),
        short_title=_("Vurdert av tannhelsepersonell"),
        why_it_matters=_(
            "Dårlig munnhelse gir smerter og gjør det vanskelig å spise. Beboere har rett til gratis tannbehandling, men "
            "får den bare når noen ser behovet."
        ),
        cannot_tell=_(
            "Sier ikke om beboeren fikk den behandlingen som trengtes, eller hvor god den daglige munnpleien er."
        ),
        numerator_text=_("de som er vurdert av tannhelsepersonell siste 12 måneder"),
        denominator_text=_("beboere med langtidsopphold ved utgangen av året"),
        higher_is_better=True,
        population=RESIDENTS,
        numerator=yes_within_12_months(Topic.SEEN_BY_DENTIST),
        given_by=stays(type=LONG_STAY),
        topic=Topic.SEEN_BY_DENTIST,
        missing=unanswered(Topic.SEEN_BY_DENTIST),
        checks=STAYS,
        source=SOURCE,
        reviewed=REVIEWED,
        next_review=NEXT_REVIEW,
    ),
)
