"""All indicators at one glance: a card for each, grouped as a leader thinks of the services."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from charts import Chart, Missing, Subject, Value, sparkline
from charts.values import counts_text, percent_short
from dashboards.page_scope import PageScope, State
from indicators.benchmark import Benchmark
from indicators.definitions import INDICATORS, THEMES
from indicators.indicator import Indicator
from indicators.wording import WORDS, below_the_line, direction
from publications.suppression.table import NATION
from quality.models import Severity
from quality.selectors import Finding

STRIP, FOLLOWED_UP = 3, 5


@dataclass(frozen=True)
class DataState:
    """What the data behind a value are worth: its colour and words. `errors` of it are to be corrected."""

    tone: str
    words: str
    errors: int = 0


@dataclass(frozen=True)
class Card:
    """One indicator as somebody sees it in the overview. `change` is that through the years, where the year is the newest."""

    indicator: Indicator
    value: Value
    benchmarks: Sequence[Benchmark]
    change: Benchmark | None
    trend: Chart
    state: DataState

    @property
    def is_applicable(self) -> bool:
        return self.value.missing != Missing.NOT_APPLICABLE

    @property
    def percent(self) -> str:
        return "" if self.value.share is None or self.value.is_few else percent_short(self.value.share)

    @property
    def counts(self) -> str:
        """«57 av 100 beboere», or where they are few all that is said: «1 av 1 beboer»."""
        words = WORDS[self.indicator.code]
        return f"{counts_text(self.value)} {words.who(self.value.denominator or 0)}"

    @property
    def says(self) -> str:
        return str(WORDS[self.indicator.code].above)

    @property
    def lacking(self) -> int:
        """Persons whom somebody should have asked or assessed, and has not, as far as is known."""
        if not self.indicator.higher_is_better or self.indicator.topic is None:
            return 0
        return (self.value.denominator or 0) - (self.value.numerator or 0)

    @property
    def lacking_words(self) -> str:
        return below_the_line(self.indicator, self.lacking)

    @property
    def direction(self) -> str:
        return direction(self.indicator)

    @property
    def arrow(self) -> str:
        return {None: "", True: "↑", False: "↓"}[self.indicator.higher_is_better]

    @property
    def concern(self) -> tuple[bool, bool, float]:
        """Sorts the most worrying first: really worse than the nation, then really different, then the widest gap."""
        nation = next((each for each in self.benchmarks if each.words == _("landet")), None)
        if nation is None or nation.verdict is None:
            return (True, True, 0)
        return (nation.tone != "warning", not nation.is_real, -abs(nation.gap))


@dataclass(frozen=True)
class Overview:
    view: PageScope
    cards: Sequence[Card]

    @cached_property
    def themes(self) -> list[tuple[str, list[Card]]]:
        by_code = {card.indicator.code: card for card in self.cards}
        groups = [(str(name), [by_code[code] for code in codes]) for name, codes in THEMES]
        shown = [(name, [card for card in cards if card.is_applicable]) for name, cards in groups]
        return [(name, cards) for name, cards in shown if cards]

    @property
    def not_applicable(self) -> list[Card]:
        return [card for card in self.cards if not card.is_applicable]

    @property
    def to_look_at(self) -> list[Card]:
        """The indicators that are of most concern; of a handful of persons no share is."""
        known = [card for card in self.cards if card.percent]
        return sorted(known, key=lambda card: card.concern)[:STRIP]

    @property
    def to_follow_up(self) -> list[Card]:
        """Where persons lack something that can be done tomorrow, most of them first."""
        return sorted((card for card in self.cards if card.lacking), key=lambda card: -card.lacking)[:FOLLOWED_UP]


def overview(view: PageScope) -> Overview:
    """The view must have the figures of all indicators."""
    return Overview(view, [_card(view, indicator) for indicator in INDICATORS])


def _card(view: PageScope, indicator: Indicator) -> Card:
    change = view.change(indicator)
    return Card(
        indicator,
        view.value(indicator),
        view.benchmarks(indicator),
        change if change and change.own.label == view.place.text_year else None,
        _trend(view, indicator),
        state(view, indicator),
    )


def _trend(view: PageScope, indicator: Indicator) -> Chart:
    subject = Subject(title=str(indicator.short_title), name=f"trend-{indicator.code}", source="")
    nation = view.through_years(indicator, dict.fromkeys(view.years, NATION))
    return sparkline(subject, view.own_years(indicator), nation, view.cutoff)


def state(view: PageScope, indicator: Indicator) -> DataState:
    """Beside each value: is it in, does it count, and do errors touch it?"""
    if view.is_trial:
        return DataState("info", _("Prøve, teller ikke"))
    if view.state != State.COUNTS:
        return DataState(
            "neutral",
            {State.WORKING: _("Behandles nå"), State.REFUSED: _("Ikke tatt imot")}.get(view.state, _("Ikke levert")),
        )
    if view.is_waiting:
        return DataState("info", _("Regnes ut nå"))
    return _touched(view.touching(indicator))


def _warned(number: int) -> str:
    text = ngettext("%(n)s advarsel berører tallet", "%(n)s advarsler berører tallet", number)
    return text % {"n": number}


def _touched(findings: Sequence[Finding]) -> DataState:
    errors = sum(finding.violating for finding in findings if finding.check.severity == Severity.ERROR)
    warnings = sum(finding.violating for finding in findings) - errors
    if errors:
        text = ngettext("%(n)s feil berører tallet", "%(n)s feil berører tallet", errors)
        return DataState("danger", text % {"n": errors}, errors)
    if warnings:
        return DataState("warning", _warned(warnings))
    return DataState("success", _("Ingen kjente feil"))
