"""What is answered of the persons: round-the-clock care, waiting list and rehabilitation, and how complete the answers are.

A person's answers and services are summed up once each; every figure is then a condition on the sums.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.aggregates import BoolOr
from django.db.models import BooleanField, Case, Exists, F, Max, Q, QuerySet, Sum, Value, When
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from indicators.definitions.conditions import NOT_AFTER_PERIOD, old
from indicators.definitions.plan import REHABILITATION_STAY
from indicators.steering.completeness import counts, results
from indicators.steering.rows import PLACED_BY_SERVICE, Tables, excluded, store, tied
from municipalities.models import District
from quality.checks.answers import FEW_HOURS
from quality.checks.conditions import INSTITUTION_TYPES, LONG_STAY, PERIOD_START, active, active_at_end
from submissions.models import Answer, Person, Service, Topic

BEFORE_PERIOD = Q(date__lt=PERIOD_START)


@dataclass(frozen=True)
class PersonField:
    """A field by the message's own name, and as conditions on MARKED whom it is asked of and when it is answered.

    With `of_stay` it is asked of the unit where the person lives, not of everybody who gave the person a service.
    """

    name: str
    title: Promise
    asked_of: Promise
    applies: str
    answered: str
    of_stay: bool = False

    @property
    def conditions(self) -> tuple[str, str]:
        limits = ["NOT is_excluded", f"({self.applies})", *(["by_stay"] if self.of_stay else [])]
        return " AND ".join(limits), f"({self.answered})"


def told(topic: Topic) -> str:
    return f"told_{topic.value}"


AT_HOME = "has_service AND NOT in_institution"
RESIDENTS = _("beboere med langtidsopphold ved utgangen av året")
OLD_RESIDENTS = _("beboere på 67 år og over med langtidsopphold ved utgangen av året")
IN_REHABILITATION = _("personer med rehabilitering i løpet av året")
PERSON_FIELDS = (
    PersonField(
        "bydel",
        _("Bydel"),
        _("personer med tjenester i løpet av året"),
        "may_have_district AND is_served",
        "district_key <> ''",
    ),
    PersonField(
        Topic.REHABILITATION.value,
        _("Rehabilitering, ja eller nei"),
        _("hjemmeboende med tjenester ved utgangen av året"),
        AT_HOME,
        "yes_rehabilitation OR no_rehabilitation",
    ),
    PersonField(
        Topic.ROUND_THE_CLOCK.value,
        _("Heldøgnstilbud, ja eller nei"),
        _("hjemmeboende med mer enn 24 timer tjenester i uken ved utgangen av året"),
        f"{AT_HOME} AND hours > {FEW_HOURS}",
        told(Topic.ROUND_THE_CLOCK),
    ),
    PersonField(
        Topic.WAITING_LIST.value,
        _("Venteliste, dato på svaret"),
        _("personer med ja til venteliste"),
        "yes_waiting",
        "dated_waiting",
    ),
    PersonField(
        Topic.INDIVIDUAL_PLAN.value,
        _("Individuell plan, ja eller nei"),
        IN_REHABILITATION,
        "in_rehabilitation",
        told(Topic.INDIVIDUAL_PLAN),
    ),
    PersonField(
        Topic.COORDINATOR.value,
        _("Koordinator, ja eller nei"),
        IN_REHABILITATION,
        "in_rehabilitation",
        told(Topic.COORDINATOR),
    ),
    PersonField(
        Topic.NUTRITION_ASSESSED.value,
        _("Ernæring vurdert, ja eller nei"),
        OLD_RESIDENTS,
        "is_old AND in_long_stay",
        told(Topic.NUTRITION_ASSESSED),
        of_stay=True,
    ),
    PersonField(
        Topic.NUTRITION_RISK.value,
        _("Risiko for underernæring, ja eller nei"),
        _("personer der ernæringen er vurdert"),
        "is_assessed",
        told(Topic.NUTRITION_RISK),
    ),
    PersonField(
        Topic.NUTRITION_PLAN.value,
        _("Ernæringsplan, ja eller nei"),
        _("personer i risiko for underernæring"),
        "is_at_risk",
        told(Topic.NUTRITION_PLAN),
    ),
    PersonField(
        Topic.MEDICATION_REVIEW.value,
        _("Legemiddelgjennomgang"),
        OLD_RESIDENTS,
        "is_old AND in_long_stay",
        told(Topic.MEDICATION_REVIEW),
        of_stay=True,
    ),
    PersonField(
        Topic.SEEN_BY_DOCTOR.value,
        _("Vurdert av lege"),
        RESIDENTS,
        "in_long_stay",
        told(Topic.SEEN_BY_DOCTOR),
        of_stay=True,
    ),
    PersonField(
        Topic.SEEN_BY_DENTIST.value,
        _("Vurdert av tannhelsepersonell"),
        RESIDENTS,
        "in_long_stay",
        told(Topic.SEEN_BY_DENTIST),
        of_stay=True,
    ),
)

# Figure -> the condition on MARKED. The follow-up counts are of everybody, the others without excluded persons.
COUNTED = {
    "round-the-clock": "is_round_the_clock AND NOT is_excluded",
    "waiting-list": "is_waiting AND NOT is_excluded",
    "rehabilitation-yes": "yes_rehabilitation AND NOT is_excluded",
    "rehabilitation-no": "no_rehabilitation AND NOT yes_rehabilitation AND NOT is_excluded",
    "followup-round-the-clock": "yes_round_the_clock",
    "followup-waiting-list": "yes_waiting",
    "followup-rehabilitation-yes": "yes_rehabilitation",
    "followup-rehabilitation-no": "no_rehabilitation AND NOT yes_rehabilitation",
}

MARKED = """
SELECT p.*, s.*, g.*, s.last_rehabilitation >= coalesce(s.rehabilitation_over, '-infinity') OR rehabilitation_stay IS TRUE AS in_rehabilitation,
  s.last_round_the_clock >= coalesce(s.round_the_clock_over, '-infinity') AS is_round_the_clock,
  s.last_waiting >= coalesce(s.waiting_over, '-infinity') AS is_waiting
FROM people p LEFT JOIN said s ON s.said_of = p.person_key AND s.said_in = p.submission_key
LEFT JOIN given g ON g.given_to = p.person_key AND g.given_in = p.submission_key
"""
FIGURES = """
UNION ALL
SELECT submission_key, level, area, figure, NULL, '', NULL, '', value, value
FROM counts, LATERAL (VALUES {figures}) c (figure, value)
WHERE value > 0 AND (level = 'municipality' OR figure NOT LIKE 'followup-%%')
"""


def compute(submissions: Sequence[int]) -> None:
    conditions = [field.conditions for field in PERSON_FIELDS]
    more = [f"count(*) FILTER (WHERE {condition}) AS figure_{n}" for n, condition in enumerate(COUNTED.values())]
    tables: Tables = {
        "people": _people(submissions),
        "said": _said(submissions),
        "given": _given(submissions),
        "tied": tied(submissions),
        "marked": MARKED,
        "placed": PLACED_BY_SERVICE,
        "counts": counts(conditions, more),
    }
    figures = ", ".join(f"('{figure}', figure_{n})" for n, figure in enumerate(COUNTED))
    store(tables, results([field.name for field in PERSON_FIELDS]) + FIGURES.format(figures=figures))


def _mark(condition: Q) -> Case:
    return Case(When(condition, then=Value(True)), default=Value(False), output_field=BooleanField())


def _people(submissions: Sequence[int]) -> QuerySet[Any, Any]:
    cities = list(District.objects.order_by().values_list("municipality", flat=True).distinct())
    return (
        Person.objects.filter(submission__in=submissions)
        .order_by()
        .values(
            submission_key=F("submission_id"),
            municipality_key=F("municipality_id"),
            person_key=F("pk"),
            district_key=F("district"),
            is_excluded=Exists(excluded("pk")),
            is_old=_mark(old()),
            may_have_district=_mark(Q(municipality__in=cities or [""])),
        )
    )


def _said(submissions: Sequence[int]) -> QuerySet[Any, Any]:
    """A person's answers, summed up, without those dated after the period. Only dated ones tell what holds and who has answered."""
    by_person = Answer.objects.filter(NOT_AFTER_PERIOD, submission__in=submissions).order_by()
    told_of = {told(topic): BoolOr(Q(topic=topic, date__isnull=False)) for topic in Topic}
    rehabilitation, waiting, clock = (
        Q(topic=topic) for topic in (Topic.REHABILITATION, Topic.WAITING_LIST, Topic.ROUND_THE_CLOCK)
    )
    return by_person.values(said_in=F("submission_id"), said_of=F("person_id")).annotate(
        **told_of,
        yes_rehabilitation=BoolOr(rehabilitation & Q(yes=True)),
        no_rehabilitation=BoolOr(rehabilitation & Q(yes=False)),
        last_rehabilitation=Max("date", filter=rehabilitation & Q(yes=True)),
        rehabilitation_over=Max("date", filter=rehabilitation & Q(yes=False) & BEFORE_PERIOD),
        yes_waiting=BoolOr(waiting & Q(yes=True)),
        dated_waiting=BoolOr(waiting & Q(yes=True, date__isnull=False)),
        last_waiting=Max("date", filter=waiting & Q(yes=True)),
        waiting_over=Max("date", filter=waiting & Q(yes=False)),
        yes_round_the_clock=BoolOr(clock & Q(yes=True)),
        last_round_the_clock=Max("date", filter=clock & Q(yes=True)),
        round_the_clock_over=Max("date", filter=clock & Q(yes=False)),
        is_assessed=BoolOr(Q(topic=Topic.NUTRITION_ASSESSED, yes=True)),
        is_at_risk=BoolOr(Q(topic=Topic.NUTRITION_RISK, yes=True)),
    )


def _given(submissions: Sequence[int]) -> QuerySet[Any, Any]:
    """A person's services in the period, summed up."""
    services = Service.objects.filter(active(), submission__in=submissions).order_by()
    return services.values(given_in=F("submission_id"), given_to=F("person_id")).annotate(
        is_served=BoolOr(active()),
        has_service=BoolOr(active_at_end()),
        in_long_stay=BoolOr(active_at_end() & Q(type=LONG_STAY)),
        in_institution=BoolOr(active_at_end() & Q(type__in=INSTITUTION_TYPES)),
        rehabilitation_stay=BoolOr(Q(type=REHABILITATION_STAY)),
        hours=Sum("hours", filter=active_at_end()),
    )
