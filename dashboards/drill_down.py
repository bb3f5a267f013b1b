"""One indicator of one municipality or unit: the value, where it stands, what lies behind it, and whom it is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from charts import Value
from charts.values import counts_text, percent_short, percent_text
from dashboards.bars import Reach, scale
from dashboards.overview import DataState, state
from dashboards.page_scope import PageScope
from dashboards.peers import Neighbours, Peer, Peers, PeerSum, add_up
from indicators.benchmark import Benchmark, benchmark_of
from indicators.definitions import INDICATORS
from indicators.indicator import Indicator
from indicators.wording import WORDS, below_the_line, direction, of_them, split, sureness
from publications.figures import Figure
from quality.selectors import Finding


@dataclass(frozen=True)
class DrillDown:
    """`neighbours` are the municipalities of the year; `peers` those of them that were chosen."""

    indicator: Indicator
    view: PageScope
    neighbours: Neighbours
    peers: Peers

    @cached_property
    def value(self) -> Value:
        return self.view.value(self.indicator)

    @property
    def figure(self) -> Figure | None:
        return self.view.figure(self.indicator)

    @property
    def percent(self) -> str:
        return "" if self.value.share is None or self.value.is_few else percent_short(self.value.share)

    @property
    def counts(self) -> str:
        """Of a handful all that is told: «1 av 1»."""
        return counts_text(self.value) if self.value.is_few else ""

    @property
    def scale(self) -> SafeString:
        """Own with its interval on a scale from 0 to 100, and where the others lie on it."""
        return scale(self.value, [benchmark.other for benchmark in self.benchmarks])

    @property
    def says(self) -> str:
        return of_them(self.indicator, self.value)

    @property
    def sureness(self) -> str:
        return sureness(self.value)

    @property
    def direction(self) -> str:
        return direction(self.indicator)

    @property
    def nobody(self) -> str:
        """Who there is none of, where the indicator does not apply."""
        return str(WORDS[self.indicator.code].many)

    @cached_property
    def benchmarks(self) -> list[Benchmark]:
        return self.view.benchmarks(self.indicator)

    @property
    def state(self) -> DataState:
        return state(self.view, self.indicator)

    # --- Behind it --------------------------------------------------------------------------------------------------

    @property
    def findings(self) -> list[Finding]:
        return self.view.touching(self.indicator)

    @property
    def reach(self) -> Reach | None:
        return None if self.value.is_few else Reach.of(self.figure)

    @property
    def below(self) -> int:
        """How many are below the line and not above it: those that the list of records names."""
        return (self.value.denominator or 0) - (self.value.numerator or 0)

    @property
    def below_words(self) -> str:
        return below_the_line(self.indicator, self.below)

    @property
    def split_words(self) -> str:
        """How many of those are not answered for, and how many are answered otherwise."""
        unanswered = self.figure.unanswered if self.figure else None
        if self.indicator.missing is None or unanswered is None:
            return ""
        return split(self.indicator, unanswered, self.below - unanswered)

    @property
    def answered_word(self) -> str:
        return str(WORDS[self.indicator.code].answered)

    @property
    def family(self) -> list[Indicator]:
        """The chain that it stands in; empty when it stands alone."""
        same = [each for each in INDICATORS if each.root is self.indicator.root]
        return same if len(same) > 1 else []

    # --- Beside peers -----------------------------------------------------------------------------------------------

    @property
    def municipality_value(self) -> Value:
        return self.view.municipality_value(self.indicator, is_own=True)

    def peer_value(self, peer: Peer) -> Value:
        """As it was published."""
        return self.view.published_value(self.indicator, peer.code, str(peer.municipality))

    @cached_property
    def rows(self) -> list[tuple[Peer, Value]]:
        return [(peer, self.peer_value(peer)) for peer in self.peers.drawn]

    @property
    def peer_rows(self) -> list[tuple[Peer, str]]:
        return [(peer, percent_text(value)) for peer, value in self.rows]

    @property
    def municipality_percent(self) -> str:
        return percent_text(self.municipality_value.drawn)

    @cached_property
    def sum(self) -> PeerSum | None:
        """Of the peers, as far as they were published."""
        return add_up(self.view.theirs, self.indicator, self.view.place.year, self.peers.codes)

    @property
    def sum_benchmark(self) -> Benchmark | None:
        if self.sum is None:
            return None
        own, others, cutoff = self.municipality_value, self.sum.value, self.view.cutoff
        return benchmark_of(self.indicator, own, others, words=_("de andre samlet"), cutoff=cutoff)

    @property
    def sum_percent(self) -> str:
        return percent_text(self.sum.value) if self.sum else ""

    @property
    def chips(self) -> list[tuple[Peer, list[str]]]:
        """The peers chosen by name, each with those that are left without it."""
        if self.peers.group:
            return []
        return [(peer, [code for code in self.peers.codes if code != peer.code]) for peer in self.peers.chosen]
