"""Checks of the malnutrition questions: assessed for risk, at risk, plan made (MST: assess, result, plan)."""

from __future__ import annotations

import datetime
from typing import Any

from django.db.models import DateField, Exists, F, Q, Subquery
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact, GreaterThanOrEqual
from django.utils.translation import gettext_lazy as _

from quality.check import Check
from quality.checks.conditions import (
    LONG_STAY,
    NUTRITION_CARE,
    RESIDENTS,
    active_at_end,
    answers,
    dated,
    last_date,
    services,
)
from quality.models import Severity
from submissions.models import Answer, Person, Topic

ASSESSED = Topic.NUTRITION_ASSESSED
RISK = Topic.NUTRITION_RISK
PLAN = Topic.NUTRITION_PLAN
OLD = 67  # years, at the end of the year


def has(topic: Topic, **named: Any) -> Q:
    return Q(Exists(answers(topic, **named)))


def latest_dates_differ() -> Q:
    """Of the "assessed" and of the risk answers, yes or no."""
    return ~Q(
        Exact(last_date(dated(ASSESSED, within_person=True, yes=True)), last_date(dated(RISK, within_person=True)))
    )


def latest_risk_is_yes() -> Q:
    """A "yes" that nothing outranks: for a dated one, a "no" on a later day; for an undated one, any dated answer."""
    last_yes, last_no = (last_date(dated(RISK, within_person=True, yes=yes)) for yes in (True, False))
    dated_yes = Q(GreaterThanOrEqual(last_yes, Coalesce(last_no, datetime.date.min, output_field=DateField())))
    return dated_yes | (
        has(RISK, within_person=True, yes=True, date__isnull=True) & ~Q(Exists(dated(RISK, within_person=True)))
    )


def latest_date(topic: Topic, **named: Any) -> Subquery:
    return Subquery(
        answers(topic, within_person=True, **named).order_by(F("date").desc(nulls_last=True)).values("date")[:1]
    )


CHECKS = (
    Check(
        code="nutrition-not-answered",
        version=1,
        model=Person,
        severity=Severity.WARNING,
        title=_("Vurdering av ernæring er ikke besvart på sykehjem"),
        explanation=_(
            "Personen er 67 år eller eldre og har langtidsopphold, men det er ikke svart på om risikoen for underernæring "
            "er vurdert. Spørsmålet er en nasjonal kvalitetsindikator, og den det ikke er svart for, mangler vurdering der."
        ),
        remedy=_(
            "Registrer i fagsystemet om ernæringen er vurdert (MST), med dato. Er den ikke det, bør den bli vurdert nå."
        ),
        given_by=RESIDENTS,
        applies_to=~Q(birth_year=0)
        & Q(birth_year__lte=F("submission__period_end__year") - OLD)
        & Q(Exists(services(active_at_end(), type=LONG_STAY))),
        violation=~has(ASSESSED),
        fields={
            "fodselsar": "birth_year",
            "tjenesteOrgNr": Subquery(
                services(active_at_end(), within_person=True, type=LONG_STAY)
                .order_by("-start")
                .values("organisation_number")[:1]
            ),
        },
    ),
    Check(
        code="nutrition-risk-missing",
        version=1,
        model=Person,
        severity=Severity.ERROR,
        title=_("Ernæring er vurdert, men resultatet mangler"),
        explanation=_(
            "Det er svart ja på at risikoen er vurdert, men ikke om personen er i risiko. Uten resultatet er vurderingen uten verdi."
        ),
        remedy=_(
            "Finn resultatet av vurderingen i journalen, og registrer om personen er i ernæringsmessig risiko, med samme dato."
        ),
        given_by=NUTRITION_CARE,
        applies_to=has(ASSESSED, yes=True),
        violation=~has(RISK),
        fields={"vurdert_dato": latest_date(ASSESSED, yes=True)},
    ),
    Check(
        code="nutrition-risk-without-assessment",
        version=1,
        model=Person,
        severity=Severity.ERROR,
        title=_("Ernæringsrisiko er besvart uten vurdering"),
        explanation=_(
            "Det er svart på om personen er i ernæringsmessig risiko, men ikke registrert at risikoen er vurdert."
        ),
        remedy=_(
            "Er risikoen vurdert, må «ja» til vurdert registreres med dato. Er den ikke vurdert, skal svaret om risiko slettes."
        ),
        given_by=NUTRITION_CARE,
        applies_to=has(RISK),
        violation=~has(ASSESSED, yes=True),
        fields={"risiko_dato": latest_date(RISK)},
    ),
    Check(
        code="nutrition-date-mismatch",
        version=1,
        model=Person,
        severity=Severity.WARNING,
        title=_("Vurdering og resultat av ernæring har ulik dato"),
        explanation=_(
            "Den siste vurderingen og det siste resultatet skal ha samme dato, for resultatet er svaret på vurderingen."
        ),
        remedy=_(
            "Sammenlign datoene i fagsystemet. Rett den som er feil, eller registrer resultatet som mangler for den siste vurderingen."
        ),
        given_by=NUTRITION_CARE,
        applies_to=Q(Exists(dated(ASSESSED, yes=True))) & Q(Exists(dated(RISK))),
        violation=latest_dates_differ(),
        fields={"vurdert_dato": latest_date(ASSESSED, yes=True), "risiko_dato": latest_date(RISK)},
    ),
    Check(
        code="nutrition-plan-missing",
        version=1,
        model=Person,
        severity=Severity.WARNING,
        title=_("I ernæringsmessig risiko, men uten ernæringsplan"),
        explanation=_(
            "Det siste svaret sier at personen er i ernæringsmessig risiko, men det er ikke registrert at det er laget en "
            "individuell ernæringsplan. Planen er en nasjonal kvalitetsindikator."
        ),
        remedy=_(
            "Er planen laget, må «ja» til ernæringsplan registreres med dato. Er den ikke laget, bør den bli det nå."
        ),
        given_by=NUTRITION_CARE,
        applies_to=latest_risk_is_yes(),
        violation=~has(PLAN, yes=True),
        fields={"risiko_dato": latest_date(RISK)},
    ),
    Check(
        code="nutrition-plan-without-risk",
        version=1,
        model=Person,
        severity=Severity.WARNING,
        title=_("Ernæringsplan uten ernæringsmessig risiko"),
        explanation=_(
            "Personen har en individuell ernæringsplan, men er aldri registrert i ernæringsmessig risiko. Ofte mangler svaret om risiko."
        ),
        remedy=_(
            "Kontroller om personen er vurdert til å være i risiko, og registrer det med dato. Er planen registrert ved en feil, skal den slettes."
        ),
        given_by=NUTRITION_CARE,
        applies_to=has(PLAN, yes=True),
        violation=~has(RISK, yes=True),
        fields={"plan_dato": latest_date(PLAN, yes=True)},
    ),
    Check(
        code="nutrition-date-missing",
        version=1,
        model=Answer,
        severity=Severity.ERROR,
        title=_("Vurdering av ernæring mangler dato"),
        explanation=_(
            "Det er svart ja på at risikoen for underernæring er vurdert, men ikke når. Indikatoren teller bare vurderinger med dato."
        ),
        remedy=_("Finn dagen for vurderingen i journalen, og registrer den som dato på svaret."),
        given_by=NUTRITION_CARE,
        applies_to=Q(topic=ASSESSED, yes=True),
        violation=Q(date__isnull=True),
        fields={"navn": "topic", "svar": "yes", "dato": "date"},
    ),
)
