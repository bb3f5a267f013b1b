"""Whom a municipality is compared with: freely chosen, of the same size, or those like it; by public figures only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from django.db.models import Q, Sum, TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from charts import Missing, Value
from charts.comparison import Profile, alike
from charts.values import count, decimal
from indicators.indicator import Indicator
from municipalities import reference_data
from municipalities.models import Municipality
from municipalities.pages import in_year
from municipalities.population import populations
from publications.figures import Figure, FigureKey

MOST_CHOSEN = 12
MOST_LIKE = 8
OLD = ("80-89", "90+")


class Group(TextChoices):
    """How peers are picked when they are not chosen by name."""

    LIKE = "like", gettext_lazy("Kommuner som ligner")
    SIZE = "storrelse", gettext_lazy("Samme størrelse")


@dataclass(frozen=True)
class Peer:
    """Another municipality, by its number in the chosen year, with what is known of its inhabitants and of one's own."""

    municipality: Municipality
    profile: Profile | None = None
    own: Profile | None = None

    @property
    def code(self) -> str:
        return str(self.municipality.pk)

    @property
    def inhabitants(self) -> str:
        return count(self.profile.population) if self.profile else ""

    @property
    def old(self) -> str:
        return share_text(self.profile)


def share_text(profile: Profile | None) -> str:
    """The share aged 80 or more, in per cent without the sign."""
    return decimal(100 * profile.share_80) if profile and profile.share_80 is not None else ""


@dataclass(frozen=True)
class Peers:
    """Those compared with, nearest first where they are a group. `unknown` are words that name no municipality. `about` says
    how the group was made. `own` is what is known of one's own inhabitants."""

    group: str = ""
    chosen: Sequence[Peer] = ()
    unknown: Sequence[str] = ()
    about: str = ""
    own: Profile | None = None

    @property
    def codes(self) -> list[str]:
        return [peer.code for peer in self.chosen]

    @property
    def drawn(self) -> Sequence[Peer]:
        """Those that there is room for in a drawing."""
        return self.chosen[:MOST_CHOSEN]

    @property
    def own_inhabitants(self) -> str:
        return count(self.own.population) if self.own else ""

    @property
    def own_old(self) -> str:
        return share_text(self.own)


# --- Choosing -------------------------------------------------------------------------------------------------


class Neighbours:
    """The municipalities of a year, as peers of one of them. One query."""

    def __init__(self, own: Municipality, year: int) -> None:
        self.own, self.year = own, year
        self.numbers = list(Municipality.objects.select_related("county"))
        self.all = [each for each in self.numbers if _in_use(each, year)]
        self.others = [each for each in self.all if each.pk != own.pk]
        self._sharing = Counter(each.lineage for each in self.all)

    def names(self) -> dict[str, str]:
        """Those in use in the year, by number."""
        return {str(each.pk): str(each) for each in self.all}

    def through_years(self, peer: Municipality, years: Collection[int]) -> dict[int, str]:
        """The peer's number in each year; a divided one's past is nobody's alone."""
        if self._is_divided(peer.lineage):
            return {year: str(peer.pk) for year in years if _in_use(peer, year)}
        same = tuple(each for each in self.numbers if each.lineage == peer.lineage)
        found = ((year, in_year(same, year, peer)) for year in years)
        return {year: str(number.pk) for year, number in found if number}

    def _is_divided(self, lineage: str) -> bool:
        known = [each for each in self.numbers if each.lineage == lineage and each.valid_to is None]
        return len(known) > 1

    def named(self, asked: Collection[str]) -> Peers:
        """Those asked for by number or name, each once, in the order asked for."""
        found: dict[str, Peer] = {}
        unknown = []
        for words in filter(None, (each.strip() for each in asked)):
            municipality = self._find(words)
            if municipality is None:
                unknown.append(words[:60])
            elif municipality.pk != self.own.pk:
                found.setdefault(str(municipality.pk), Peer(municipality))
        return Peers("", list(found.values())[:MOST_CHOSEN], unknown)

    def _find(self, words: str) -> Municipality | None:
        """By number (of any year), by name, or by both as the form offers them: «4601 Bergen»."""
        name = words.casefold()
        numbered = next((each for each in self.numbers if each.pk == words[:4]), None)
        if numbered and numbered not in self.all and not self._is_divided(numbered.lineage):
            return next((each for each in self.all if each.lineage == numbered.lineage), None)
        named = (each for each in self.all if name in {each.name.casefold(), str(each).casefold()})
        return numbered if numbered in self.all else next(named, None)

    def grouped(self, group: Group) -> Peers:
        profiles = self._profiles()
        own = profiles.get(str(self.own.pk))
        if own is None:
            return Peers(group, about=_("Folketallet i kommunen er ikke kjent, så ingen gruppe kan lages."))
        picked = self._like(own, profiles) if group == Group.LIKE else self._of_size(own, profiles)
        return replace(picked, own=own)

    def _like(self, own: Profile, profiles: Mapping[str, Profile]) -> Peers:
        by_code = {str(each.pk): each for each in self.others}
        nearest = alike(own, list(profiles.values()), MOST_LIKE)
        chosen = [Peer(by_code[each.other.code], each.other, own) for each in nearest]
        about = _(
            "De kommunene som ligner mest på deres i folketall og i andelen innbyggere på 80 år og over. Hvilke tjenester "
            "kommunene gir, er ikke regnet med: det er ikke utgitt tall for det."
        )
        return Peers(Group.LIKE, chosen, about=about)

    def _of_size(self, own: Profile, profiles: Mapping[str, Profile]) -> Peers:
        size = next(each for each in size_groups() if each.holds(own.population))
        there = [each for each in self.others if size.holds(_population(profiles.get(str(each.pk))))]
        chosen = [Peer(each, profiles[str(each.pk)], own) for each in there]
        nearest = sorted(chosen, key=lambda peer: abs(_population(peer.profile) - own.population))
        facts = {"all": count(len(chosen)), "size": size}
        return Peers(Group.SIZE, nearest, about=_("De %(all)s andre kommunene med %(size)s.") % facts)

    def _profiles(self) -> dict[str, Profile]:
        """Of those whose inhabitants are known. A divided one's are nobody's alone."""
        known = inhabitants(self.year)
        return {
            str(each.pk): Profile(str(each.pk), str(each), *known[each.lineage])
            for each in self.all
            if each.lineage in known and self._sharing[each.lineage] == 1
        }


def _in_use(municipality: Municipality, year: int) -> bool:
    return municipality.valid_from <= year and (municipality.valid_to is None or municipality.valid_to >= year)


def _population(profile: Profile | None) -> int:
    return profile.population if profile else 0


def inhabitants(year: int) -> dict[str, tuple[int, float]]:
    """Inhabitants and the share of them aged 80 or more, by lineage, on the last 1 January that is known by the year."""
    by_lineage = populations(year).values("municipality__lineage")
    found = by_lineage.annotate(total=Sum("persons"), old=Sum("persons", filter=Q(age_group__in=OLD)))
    rows = found.values_list("municipality__lineage", "total", "old")
    return {lineage: (total, (old or 0) / total) for lineage, total, old in rows if total}


@dataclass(frozen=True)
class Size:
    """So many inhabitants, both ends included; no `most` in the largest group."""

    least: int
    most: int | None

    def holds(self, population: int) -> bool:
        return self.least <= population and (self.most is None or population <= self.most)

    def __str__(self) -> str:
        if self.most is None:
            return _("%(least)s innbyggere eller flere") % {"least": count(self.least)}
        if self.least <= 1:
            return _("under %(most)s innbyggere") % {"most": count(self.most + 1)}
        return _("%(least)s til %(most)s innbyggere") % {"least": count(self.least), "most": count(self.most)}


@cache
def size_groups() -> tuple[Size, ...]:
    """Helsedirektoratet's five groups."""
    rows = reference_data.rows("codelists/kommunestorrelse_hdir")
    return tuple(Size(int(row["min"]), int(row["max"]) if row["max"] else None) for row in rows)


# --- Added up -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PeerSum:
    """The published cells of a group added up: nothing that is hidden goes into it, so that nothing comes out of it."""

    numerator: int
    denominator: int
    shown: int
    hidden: int
    absent: int
    waiting: int

    @property
    def value(self) -> Value:
        return Value.of(_("De %(n)s samlet") % {"n": self.shown}, self.numerator, self.denominator)

    @property
    def told(self) -> str:
        """«Sum av 6 av 8 kommuner; 2 er skjult.»"""
        return "; ".join(self._parts()) + "."

    def _parts(self) -> Iterator[str]:
        facts = {"shown": self.shown, "all": self.shown + self.hidden + self.absent + self.waiting}
        yield _("Sum av %(shown)s av %(all)s kommuner") % facts
        if self.hidden:
            yield ngettext("%(n)s er skjult", "%(n)s er skjult", self.hidden) % {"n": self.hidden}
        if self.absent:
            yield ngettext("%(n)s har ikke levert", "%(n)s har ikke levert", self.absent) % {"n": self.absent}
        if self.waiting:
            yield ngettext("%(n)s er ikke utgitt ennå", "%(n)s er ikke utgitt ennå", self.waiting) % {"n": self.waiting}


def add_up(
    figures: Mapping[FigureKey, Figure], indicator: Indicator, year: int, codes: Collection[str]
) -> PeerSum | None:
    """None where fewer than two cells have persons and were published: a sum of one is that one."""
    cells = [figures.get((indicator.code, year, code)) for code in codes]
    shown = [
        (cell.numerator or 0, cell.denominator) for cell in cells if cell and cell.denominator and not cell.missing
    ]
    if len(shown) < 2:
        return None
    hidden = sum(cell is not None and cell.missing is not None and cell.missing.is_hidden for cell in cells)
    absent = sum(cell is None or cell.missing == Missing.NOT_REPORTED for cell in cells)
    waiting = sum(cell is not None and cell.missing == Missing.NOT_RELEASED for cell in cells)
    return PeerSum(
        sum(above for above, _all in shown), sum(below for _above, below in shown), len(shown), hidden, absent, waiting
    )
