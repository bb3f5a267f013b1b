"""Malnutrition among the old: assessed for risk, at risk, a plan made; in institutions and at home."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from indicators.definitions.conditions import (
    NEXT_REVIEW,
    OLD_RESIDENTS,
    REVIEWED,
    SOURCE,
    has_service,
    old,
    stays,
    unanswered,
    yes_within_12_months,
)
from indicators.indicator import CountedPopulation, Indicator
from quality.checks.conditions import INSTITUTION_TYPES, LONG_STAY, active_at_end
from submissions.models import Person, Topic

HOME_HEALTH_CARE = 15
EVERYBODY = Q()


@dataclass(frozen=True)
class CareSetting:
    """Where the chain is told of: the same three questions, of two populations."""

    code: str
    assessed: Promise
    at_risk: Promise
    plan: Promise
    assessed_short: Promise
    at_risk_short: Promise
    plan_short: Promise
    who: Promise
    given_by: Q
    denominator: Q = EVERYBODY
    population: CountedPopulation | None = None


INSTITUTION = CareSetting(
    code="institution",
    assessed=_("Vurdert for risiko for underernæring på sykehjem"),
    at_risk=_("I risiko for underernæring på sykehjem"),
    plan=_("Ernæringsplan for beboere i risiko på sykehjem"),
    assessed_short=_("Ernæring vurdert, sykehjem"),
    at_risk_short=_("I ernæringsrisiko, sykehjem"),
    plan_short=_("Ernæringsplan, sykehjem"),
    who=_("beboere på 67 år og over med langtidsopphold ved utgangen av året"),
    population=OLD_RESIDENTS,
    given_by=stays(type=LONG_STAY),
)
HOME = CareSetting(
    code="home",
    assessed=_("Vurdert for risiko for underernæring hjemme"),
    at_risk=_("I risiko for underernæring hjemme"),
    plan=_("Ernæringsplan for hjemmeboende i risiko"),
    assessed_short=_("Ernæring vurdert, hjemme"),
    at_risk_short=_("I ernæringsrisiko, hjemme"),
    plan_short=_("Ernæringsplan, hjemme"),
    who=_(
        "hjemmeboende på 67 år og over med helsetjenester i hjemmet ved utgangen av året, uten opphold i institusjon da"
    ),
    denominator=old()
    & has_service(stays(type=HOME_HEALTH_CARE))
    & ~has_service(active_at_end(), type__in=INSTITUTION_TYPES),
    given_by=stays(type=HOME_HEALTH_CARE),
)


def chain(place: CareSetting) -> tuple[Indicator, ...]:
    assessed = _assessed(place)
    at_risk = _at_risk(place, assessed)
    return assessed, at_risk, _plan(place, at_risk)


def _assessed(place: CareSetting) -> Indicator:
    return Indicator(
        code=f"nutrition-assessed-{place.code}",
        version=2,
        model=Person,
        title=place.assessed,
        short_title=place.assessed_short,
        why_it_matters=_(
            "Underernæring hos eldre gir flere infeksjoner, fall og lengre sykdom, og oppdages sjelden uten at noen ser etter. "
            "Alle skal vurderes, med tiltak for dem som er i risiko."
        ),
        cannot_tell=_("Sier ikke hvor god vurderingen var, og ikke om den som ble vurdert fikk hjelp."),
        numerator_text=_("de som er vurdert for risiko for underernæring siste 12 måneder"),
        denominator_text=place.who,
        higher_is_better=True,
        denominator=place.denominator,
        population=place.population,
        numerator=yes_within_12_months(Topic.NUTRITION_ASSESSED),
        given_by=place.given_by,
        topic=Topic.NUTRITION_ASSESSED,
        missing=unanswered(Topic.NUTRITION_ASSESSED),
        checks=("nutrition-not-answered", "nutrition-date-mismatch", "nutrition-date-implausible"),
        source=SOURCE,
        reviewed=REVIEWED,
        next_review=NEXT_REVIEW,
    )


def _at_risk(place: CareSetting, assessed: Indicator) -> Indicator:
    return Indicator(
        code=f"nutrition-at-risk-{place.code}",
        version=2,
        model=Person,
        title=place.at_risk,
        short_title=place.at_risk_short,
        why_it_matters=_("Viser hvor mange som trenger en plan for ernæringen, og hvor stort behovet er."),
        cannot_tell=_(
            "En høy andel kan bety at mange er syke, eller at bare de som ser tynne ut blir vurdert. Les den sammen med andelen "
            "som er vurdert."
        ),
        numerator_text=_("de der siste svar på risiko er ja"),
        denominator_text=_("de som er vurdert siste 12 måneder"),
        higher_is_better=None,
        of=assessed,
        denominator=EVERYBODY,
        numerator=yes_within_12_months(Topic.NUTRITION_RISK),
        given_by=place.given_by,
        topic=Topic.NUTRITION_RISK,
        missing=unanswered(Topic.NUTRITION_RISK),
        checks=("nutrition-risk-missing", "nutrition-risk-without-assessment", "nutrition-date-mismatch"),
        source=SOURCE,
        reviewed=REVIEWED,
        next_review=NEXT_REVIEW,
    )


def _plan(place: CareSetting, at_risk: Indicator) -> Indicator:
    return Indicator(
        code=f"nutrition-plan-{place.code}",
        version=2,
        model=Person,
        title=place.plan,
        short_title=place.plan_short,
        why_it_matters=_(
            "En vurdering hjelper først når den fører til tiltak. Planen sier hva som skal gjøres, av hvem."
        ),
        cannot_tell=_("Sier ikke om planen er fulgt, eller om personen gikk opp i vekt."),
        numerator_text=_("de som har fått en ernæringsplan siste 12 måneder"),
        denominator_text=_("de som er vurdert til å være i risiko"),
        higher_is_better=True,
        of=at_risk,
        denominator=EVERYBODY,
        numerator=yes_within_12_months(Topic.NUTRITION_PLAN),
        given_by=place.given_by,
        topic=Topic.NUTRITION_PLAN,
        missing=unanswered(Topic.NUTRITION_PLAN),
        checks=("nutrition-plan-missing", "nutrition-plan-without-risk", "nutrition-date-mismatch"),
        source=SOURCE,
        reviewed=REVIEWED,
        next_review=NEXT_REVIEW,
    )


INDICATORS = (*chain(INSTITUTION), *chain(HOME))
