"""The figures that charts take, and how they are written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor

from django.db.models import TextChoices
from django.utils.formats import get_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from charts.comparison import FEWEST, Interval, Share, Verdict, wilson

# What does not break at the end of a line: between thousands (narrow), and before the per cent sign.
THIN, FIXED = "\u202f", "\u00a0"
NOTHING = "–"
# Halves are rounded up, also those that a float holds as a hair less: 113 of 200 is 57 per cent.
HALF = 0.5 + 1e-9


class Missing(TextChoices):
    """Why there is no figure. The first three are hidden: by the rule of small numbers, because another hidden figure could
    be derived from this one, or because municipalities of this size are not published at all."""

    SUPPRESSED = "suppressed", gettext_lazy("skjult, få personer")
    PROTECTS = "protects", gettext_lazy("skjult for å verne et annet tall")
    LEVEL = "level", gettext_lazy("vises ikke for så små kommuner")
    NOT_REPORTED = "not_reported", gettext_lazy("ikke levert")
    NOT_APPLICABLE = "not_applicable", gettext_lazy("ingen å telle")
    NOT_RELEASED = "not_released", gettext_lazy("ikke utgitt")
    FEW = "few", gettext_lazy("under 10 personer")

    @property
    def is_hidden(self) -> bool:
        return self in {Missing.SUPPRESSED, Missing.PROTECTS, Missing.LEVEL}


@dataclass(frozen=True, kw_only=True)
class Value:
    """One share (0..1) with its 95 % interval and counts, or the reason why it is missing.

    `label` names whose it is, or when: an area, a unit, a year. `own` is the one that the viewer looks at.
    """

    label: str
    share: float | None = None
    low: float | None = None
    high: float | None = None
    numerator: int | None = None
    denominator: int | None = None
    own: bool = False
    missing: Missing | None = None

    def __post_init__(self) -> None:
        if (self.share is None) is (self.missing is None):
            raise ValueError(f"{self.label}: a value has either a share or a reason why not")
        if self.missing and any(
            figure is not None for figure in (self.low, self.high, self.numerator, self.denominator)
        ):
            raise ValueError(f"{self.label}: a missing value must carry no figures, they would reach the browser")

    @classmethod
    def of(
        cls, label: str, numerator: int, denominator: int, interval: Interval | None = None, *, own: bool = False
    ) -> Value:
        """So many of so many, with the interval that is given, else Wilson's; not applicable where there is nobody."""
        interval = interval or wilson(numerator, denominator)
        if interval is None:
            return cls.none(label, Missing.NOT_APPLICABLE, own=own)
        share, (low, high) = numerator / denominator, interval
        return cls(label=label, share=share, low=low, high=high, numerator=numerator, denominator=denominator, own=own)

    @classmethod
    def none(cls, label: str, missing: Missing, *, own: bool = False) -> Value:
        return cls(label=label, missing=missing, own=own)

    @property
    def is_few(self) -> bool:
        """Too few persons to speak of a share: only their number is told, and nothing is drawn."""
        return self.denominator is not None and self.denominator < FEWEST

    @property
    def drawn(self) -> Value:
        """As charts may draw it."""
        return Value.none(self.label, Missing.FEW, own=self.own) if self.is_few else self

    @property
    def percent(self) -> float | None:
        """As drawn and as written in the table: one decimal."""
        return per_cent(self.share)

    @property
    def counts(self) -> Share | None:
        if self.numerator is None or self.denominator is None:
            return None
        return Share(self.numerator, self.denominator)

    @property
    def why(self) -> str:
        return str(self.missing.label) if self.missing else ""


@dataclass(frozen=True)
class Against:
    """What own is held against, what may be said of the difference, and its name in the middle of a sentence."""

    value: Value
    verdict: Verdict | None = None
    words: str = ""

    @property
    def name(self) -> str:
        return self.words or self.value.label


# --- Numbers in the reader's language -------------------------------------------------------------------------


def per_cent(share: float | None) -> float | None:
    return None if share is None else floor(share * 1000 + HALF) / 10


def whole(share: float) -> int:
    return floor(share * 100 + HALF)


def decimal(number: float, digits: int = 1) -> str:
    """With the language's decimal sign, and a narrow space between thousands."""
    whole_part, _point, part = f"{number:,.{digits}f}".replace(",", THIN).replace("-", "−").partition(".")
    return f"{whole_part}{get_format('DECIMAL_SEPARATOR')}{part}" if part else whole_part


def count(number: int | None) -> str:
    return NOTHING if number is None else f"{number:,}".replace(",", THIN).replace("-", "−")


def percent_text(value: Value) -> str:
    """«57,0 %», or why not."""
    return value.why if value.percent is None else f"{decimal(value.percent)}{FIXED}%"


def percent_short(share: float) -> str:
    return f"{whole(share)}{FIXED}%"


def interval_text(value: Value) -> str:
    low, high = per_cent(value.low), per_cent(value.high)
    return NOTHING if low is None or high is None else f"{decimal(low)}–{decimal(high)}{FIXED}%"


def counts_text(value: Value) -> str:
    """«114 av 200»."""
    if value.counts is None:
        return NOTHING
    return _("%(part)s av %(all)s") % {"part": count(value.numerator), "all": count(value.denominator)}


def listed(names: Sequence[str]) -> str:
    """«A, B og C»."""
    if len(names) < 2:
        return "".join(names)
    return _("%(first)s og %(last)s") % {"first": ", ".join(names[:-1]), "last": names[-1]}


# --- Sentences ------------------------------------------------------------------------------------------------


def stands_at(value: Value) -> str:
    """«Solhøgda ligger på 57 prosent.» or why there is no figure."""
    if value.share is None:
        return _("%(name)s har ikke noe tall (%(why)s).") % {"name": value.label, "why": value.why}
    return _("%(name)s ligger på %(share)s prosent.") % {"name": value.label, "share": whole(value.share)}


def stands_against(own: Value, against: Against | None) -> str:
    """Where own lies, beside what, and whether the difference is real."""
    if against is None or own.share is None or against.value.share is None:
        return stands_at(own)
    mine, theirs = whole(own.share), whole(against.value.share)
    names = {"name": own.label, "share": mine, "other": against.name, "theirs": theirs}
    return _position(mine, theirs) % names + told_verdict(against.verdict, mine == theirs)


def _position(mine: int, theirs: int) -> str:
    if mine == theirs:
        return _("%(name)s ligger på %(share)s prosent, likt med %(other)s")
    if mine < theirs:
        return _("%(name)s ligger på %(share)s prosent, under %(other)s (%(theirs)s prosent)")
    return _("%(name)s ligger på %(share)s prosent, over %(other)s (%(theirs)s prosent)")


def told_verdict(verdict: Verdict | None, same: bool) -> str:
    """The end of a sentence that says where own lies; `same` where the two are written alike."""
    if verdict is None or same:
        return "."
    return {
        Verdict.PROBABLY_REAL: _("; forskjellen er trolig reell."),
        Verdict.MAY_BE_CHANCE: _("; forskjellen kan være tilfeldig."),
        Verdict.TOO_FEW: _("; det er for få personer til å si om forskjellen er reell."),
    }[verdict]


def find_own(values: Sequence[Value]) -> Value | None:
    return next((value for value in values if value.own), None)


def missing_note(values: Sequence[Value]) -> str:
    """«Uten tall: 2019 (ikke levert).»; long lists are counted."""
    gaps = [value for value in values if value.missing]
    if not gaps:
        return ""
    if len(gaps) > 4:
        return _("%(n)s er uten tall; tabellen sier hvorfor.") % {"n": len(gaps)}
    return _("Uten tall: %(who)s.") % {"who": listed([f"{gap.label} ({gap.why})" for gap in gaps])}


def sentences(*parts: str) -> str:
    return " ".join(part for part in parts if part)
