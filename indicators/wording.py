"""Figures in sentences that a nurse would say: how many of whom, how sure it is, and whether a difference is real."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from charts import Value
from charts.comparison import FEWEST, Interval, Verdict
from charts.values import count, whole
from indicators.indicator import Indicator
from submissions.models import Topic

# Percentage points between the ends of an interval, from which the number of persons is called small.
WIDE = 10


@dataclass(frozen=True)
class Words:
    """How one indicator is spoken of: who is counted (one, several), what is true of those above and of all below the line,
    and of those below it who did answer. The rest of them are not answered for."""

    one: Promise
    many: Promise
    above: Promise
    below: Promise
    answered: Promise

    def who(self, number: int) -> str:
        return str(self.one if number == 1 else self.many)


RESIDENT = (pgettext_lazy("one", "beboer"), gettext_lazy("beboere"))
AT_HOME = (pgettext_lazy("one", "hjemmeboende"), gettext_lazy("hjemmeboende"))
PERSON = (pgettext_lazy("one", "person"), gettext_lazy("personer"))
ASSESSED = (
    gettext_lazy("er vurdert for risiko for underernæring"),
    gettext_lazy("mangler vurdering"),
    gettext_lazy("Ikke vurdert"),
)
AT_RISK = (
    gettext_lazy("er i risiko for underernæring"),
    gettext_lazy("er ikke meldt i risiko"),
    gettext_lazy("Ikke i risiko"),
)
PLAN = (gettext_lazy("har ernæringsplan"), gettext_lazy("mangler ernæringsplan"), gettext_lazy("Uten plan"))
INDIVIDUAL_PLAN = (
    gettext_lazy("har individuell plan"),
    gettext_lazy("mangler individuell plan"),
    gettext_lazy("Uten plan"),
)

WORDS: dict[str, Words] = {
    "nutrition-assessed-institution": Words(*RESIDENT, *ASSESSED),
    "nutrition-at-risk-institution": Words(
        pgettext_lazy("one", "vurdert beboer"), gettext_lazy("vurderte beboere"), *AT_RISK
    ),
    "nutrition-plan-institution": Words(
        pgettext_lazy("one", "beboer i risiko"), gettext_lazy("beboere i risiko"), *PLAN
    ),
    "nutrition-assessed-home": Words(*AT_HOME, *ASSESSED),
    "nutrition-at-risk-home": Words(
        pgettext_lazy("one", "vurdert hjemmeboende"), gettext_lazy("vurderte hjemmeboende"), *AT_RISK
    ),
    "nutrition-plan-home": Words(
        pgettext_lazy("one", "hjemmeboende i risiko"), gettext_lazy("hjemmeboende i risiko"), *PLAN
    ),
    "medication-review-institution": Words(
        *RESIDENT,
        gettext_lazy("har hatt legemiddelgjennomgang"),
        gettext_lazy("mangler legemiddelgjennomgang"),
        gettext_lazy("Ikke gjennomgått"),
    ),
    "seen-by-doctor-institution": Words(
        *RESIDENT,
        gettext_lazy("er vurdert av lege"),
        gettext_lazy("mangler vurdering av lege"),
        gettext_lazy("Ikke vurdert"),
    ),
    "seen-by-dentist-institution": Words(
        *RESIDENT,
        gettext_lazy("er vurdert av tannhelsepersonell"),
        gettext_lazy("mangler vurdering av tannhelsepersonell"),
        gettext_lazy("Ikke vurdert"),
    ),
    "individual-plan-rehab-home": Words(*PERSON, *INDIVIDUAL_PLAN),
    "individual-plan-rehab-institution": Words(*PERSON, *INDIVIDUAL_PLAN),
    "waiting-time-nursing-home": Words(
        pgettext_lazy("one", "opphold"),
        gettext_lazy("opphold"),
        gettext_lazy("startet innen 15 dager etter vedtaket"),
        gettext_lazy("startet senere enn 15 dager etter vedtaket"),
        gettext_lazy("Startet senere"),
    ),
}


def of_them(indicator: Indicator, value: Value) -> str:
    """«57 av 100 beboere er vurdert for risiko for underernæring.»"""
    if value.numerator is None or value.denominator is None:
        return ""
    words = WORDS[indicator.code]
    sentence = _("%(part)s av %(all)s %(who)s %(are)s.")
    return sentence % {
        "part": count(value.numerator),
        "all": count(value.denominator),
        "who": words.who(value.denominator),
        "are": words.above,
    }


def sureness(value: Value) -> str:
    """«Med så få personer kan den vanlige andelen ligge mellom 47 og 66 prosent.»"""
    if value.low is None or value.high is None or value.denominator is None:
        return ""
    ends = {"low": whole(value.low), "high": whole(value.high)}
    if value.denominator < FEWEST:
        return (
            _("Det er for få til å si noe sikkert: den vanlige andelen kan ligge mellom %(low)s og %(high)s prosent.")
            % ends
        )
    if ends["high"] - ends["low"] >= WIDE:
        return _("Med så få personer kan den vanlige andelen ligge mellom %(low)s og %(high)s prosent.") % ends
    return _("Tallet er ganske sikkert: den vanlige andelen ligger trolig mellom %(low)s og %(high)s prosent.") % ends


def direction(indicator: Indicator) -> str:
    if indicator.higher_is_better is None:
        return _("Verken høyt eller lavt er bra i seg selv")
    return _("Høyere er bedre") if indicator.higher_is_better else _("Lavere er bedre")


def explained(verdict: Verdict) -> str:
    """What lies in a verdict on a difference."""
    return {
        Verdict.PROBABLY_REAL: _("Så stor forskjell gir tilfeldigheter sjelden."),
        Verdict.MAY_BE_CHANCE: _("Så stor forskjell oppstår ofte av seg selv når mye sammenlignes."),
        Verdict.TOO_FEW: _("Det er under %(n)s personer på en av sidene.") % {"n": FEWEST},
    }[verdict]


def below_the_line(indicator: Indicator, number: int) -> str:
    """«43 beboere mangler vurdering»."""
    words = WORDS[indicator.code]
    return f"{count(number)} {words.who(number)} {words.below}"


def split(indicator: Indicator, unanswered: int, answered: int) -> str:
    """«10 ikke besvart, 33 ikke vurdert (svart nei, eller for lenge siden)»: those that are counted and not above the line."""
    parts = []
    if unanswered:
        parts.append(_("%(n)s ikke besvart") % {"n": count(unanswered)})
    if answered:
        word = str(WORDS[indicator.code].answered).lower()
        ages = indicator.topic not in (Topic.INDIVIDUAL_PLAN, Topic.NUTRITION_RISK)
        why = _("svart nei, eller for lenge siden") if ages else _("svart nei")
        parts.append(f"{count(answered)} {word} ({why})")
    return ", ".join(parts)


def best_and_worst(unanswered: int, bounds: Interval) -> str:
    """What the share would be if those without an answer were all "no" (as they are counted now), or all "yes"."""
    facts = {"number": count(unanswered), "low": whole(bounds.low), "high": whole(bounds.high)}
    if unanswered == 1:
        return (
            _(
                "For 1 er det ikke svart, og det regnes nå som nei. Er svaret egentlig ja, blir andelen %(high)s prosent. "
                "Er det nei, blir den stående på %(low)s prosent."
            )
            % facts
        )
    return (
        _(
            "For %(number)s er det ikke svart, og det regnes nå som nei. Er svaret egentlig ja for alle, blir andelen %(high)s prosent. "
            "Er det nei for alle, blir den stående på %(low)s prosent."
        )
        % facts
    )
