"""Where a share stands beside another one, or beside what it was, and whether the difference is real."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from charts import Against, Value
from charts.comparison import LEVEL, Share, Verdict, p_value, verdict
from charts.trend import trend_of
from charts.values import percent_short, whole
from indicators.indicator import Indicator
from indicators.wording import explained


@dataclass(frozen=True)
class Benchmark:
    """Own beside another. `words` names the other in the middle of a sentence. Without a verdict one of them is missing; without a
    p-value one of them is missing or too few."""

    own: Value
    other: Value
    words: str
    verdict: Verdict | None = None
    p_value: float | None = None
    higher_is_better: bool | None = None

    @property
    def gap(self) -> float:
        """Own less the other, in shares of 1; 0 where one is missing."""
        return self.own.share - self.other.share if self.own.share is not None and self.other.share is not None else 0

    @property
    def is_same(self) -> bool:
        """As it is written: in whole per cent."""
        return self.verdict is not None and whole(self.own.share or 0) == whole(self.other.share or 0)

    @property
    def position(self) -> str:
        """«Lavere enn landet (57 %)», or why the other has no figure."""
        if self.other.share is None:
            return _("%(name)s: %(why)s") % {"name": self.other.label, "why": self.other.why}
        names = {"name": self.words, "share": percent_short(self.other.share)}
        if self.own.share is None or self.own.is_few:
            return f"{self.other.label}: {names['share']}"
        if self.is_same:
            return _("Likt med %(name)s (%(share)s)") % names
        return (_("Høyere enn %(name)s (%(share)s)") if self.gap > 0 else _("Lavere enn %(name)s (%(share)s)")) % names

    @property
    def explained(self) -> str:
        return explained(self.verdict) if self.verdict and not self.is_same else ""

    @property
    def is_real(self) -> bool:
        return self.verdict == Verdict.PROBABLY_REAL and not self.is_same

    @property
    def tone(self) -> str:
        """The colour of a real difference: on the good side, on the bad side, or on neither."""
        if not self.is_real:
            return "neutral"
        if self.higher_is_better is None:
            return "info"
        return "success" if (self.gap > 0) == self.higher_is_better else "warning"

    @property
    def against(self) -> Against:
        """As charts take it."""
        return Against(self.other, self.verdict, self.words)


def benchmark_of(
    indicator: Indicator,
    own: Value,
    other: Value,
    *,
    words: str = "",
    part: Value | None = None,
    cutoff: float = LEVEL,
) -> Benchmark:
    """Own beside another. `part` is what the other holds of own's persons, where it holds them; they are taken out of it
    before the two are compared. `cutoff` is the p-value up to which the difference is probably real: lower where it is one of many."""
    benchmark = Benchmark(own, other, words or other.label, higher_is_better=indicator.higher_is_better)
    if own.counts is None or other.counts is None:
        return benchmark
    rest = _without(other.counts, part.counts if part else None)
    p = p_value(own.counts, rest)
    return replace(benchmark, verdict=verdict(p, cutoff), p_value=p)


def change_of(indicator: Indicator, years: Sequence[Value], cutoff: float = LEVEL) -> Benchmark | None:
    """The last year that is known beside the first, judged by the trend through all of them; None where only one is known."""
    known = [value for value in years if value.share is not None]
    if len(known) < 2:
        return None
    p, then, now = trend_of(years), known[0], known[-1]
    return Benchmark(now, then, then.label, verdict(p, cutoff), p, indicator.higher_is_better)


def _without(whole_: Share, part: Share | None) -> Share:
    """The others in it. What is held of own there may be older than what own has now, and then cannot be taken out."""
    if part is None or part.denominator > whole_.denominator:
        return whole_
    if not 0 <= whole_.numerator - part.numerator <= whole_.denominator - part.denominator:
        return whole_
    return whole_.without(part)
