"""Small bars drawn here as SVG: where a share lies and how sure it is, and what correcting would do to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from charts import Value
from charts.comparison import Interval, bounds
from charts.values import count, percent_short, whole
from indicators.wording import best_and_worst
from publications.figures import Figure

LENGTH = 1000  # of the bar, in its own units; the page stretches it


@dataclass(frozen=True)
class Reach:
    """Of `denominator` persons `numerator` are a yes and `unanswered` are not answered for; the rest are a no."""

    numerator: int
    denominator: int
    unanswered: int

    @classmethod
    def of(cls, figure: Figure | None) -> Reach | None:
        """None where there is nobody, or where the answers are not known to be missing."""
        if figure is None or not figure.denominator or figure.numerator is None or figure.unanswered is None:
            return None
        # What was computed before an answer without a date was one may count it on both sides.
        unanswered = min(figure.unanswered, figure.denominator - figure.numerator)
        return cls(figure.numerator, figure.denominator, unanswered)

    @property
    def no(self) -> int:
        return self.denominator - self.numerator - self.unanswered

    @property
    def bounds(self) -> Interval:
        found = bounds(self.numerator, self.denominator, self.unanswered)
        assert found is not None
        return found

    @property
    def told(self) -> str:
        return best_and_worst(self.unanswered, self.bounds)

    @property
    def ends(self) -> tuple[int, int]:
        """In whole per cent."""
        return whole(self.bounds.low), whole(self.bounds.high)

    @property
    def drawing(self) -> SafeString:
        """A bar of yes, unanswered and no, in that order."""
        yes, open_ = round(LENGTH * self.bounds.low), round(LENGTH * self.bounds.high)
        return format_html(
            '<svg class="reach__bar" viewBox="0 0 {all} 10" preserveAspectRatio="none" role="img" aria-label="{label}">'
            '<rect class="reach__no" width="{all}" height="10"/><rect class="reach__open" width="{open}" height="10"/>'
            '<rect class="reach__yes" width="{yes}" height="10"/></svg>',
            all=LENGTH,
            open=open_,
            yes=yes,
            label=self.label,
        )

    @property
    def label(self) -> str:
        facts = {"yes": count(self.numerator), "open": count(self.unanswered), "no": count(self.no)}
        return _("%(yes)s ja, %(open)s ikke besvart, %(no)s nei") % facts


def scale(own: Value, others: Sequence[Value]) -> SafeString:
    """Own as a dot in the band of its interval, the others as strokes across, named in their order below."""
    shown = [other for other in others if other.share is not None]
    strokes = format_html_join(
        "",
        '<line class="scale__other scale__other--{}" x1="{}" x2="{}" y1="3" y2="21"/>',
        ((number, _at(other), _at(other)) for number, other in enumerate(shown, 1)),
    )
    return format_html(
        '<div class="scale"><svg viewBox="0 0 {all} 24" preserveAspectRatio="none" aria-hidden="true">'
        '<line class="scale__track" x1="0" x2="{all}" y1="12" y2="12"/>'
        '<rect class="scale__band" x="{low}" width="{width}" y="6" height="12"/>{strokes}'
        '<line class="scale__own" x1="{own}" x2="{own}" y1="12" y2="12"/></svg>'
        '<p class="scale__ends"><span>0&nbsp;%</span><span>100&nbsp;%</span></p>{key}</div>',
        all=LENGTH,
        low=round(LENGTH * (own.low or 0)),
        width=round(LENGTH * ((own.high or 0) - (own.low or 0))),
        strokes=strokes,
        own=_at(own),
        key=_key([own, *shown]),
    )


def _at(value: Value) -> int:
    return round(LENGTH * (value.share or 0))


def _key(values: Sequence[Value]) -> SafeString:
    items = format_html_join(
        "",
        '<li><span class="scale__sign scale__sign--{}" aria-hidden="true"></span>{} <b>{}</b></li>',
        ((number, value.label, percent_short(value.share or 0)) for number, value in enumerate(values)),
    )
    return format_html('<ul class="scale__key">{}</ul>', items)
