"""Charts: plain figures in, one `Chart` out - what plotly.js draws, what it says in words, and the same as a table."""

from indicators.charts.chart import Chart, Download, Row, Subject, Table
from indicators.charts.distribution import distribution
from indicators.charts.funnel import funnel
from indicators.charts.places import Place, nation_map
from indicators.charts.rows import comparison, completeness, units
from indicators.charts.steering import Month, Rate, flow, rates_by_age
from indicators.charts.trend import Kind, Series, sparkline, time_series
from indicators.charts.values import Against, Missing, Value

__all__ = [
    "Against",
    "Chart",
    "Download",
    "Kind",
    "Missing",
    "Month",
    "Place",
    "Rate",
    "Row",
    "Series",
    "Subject",
    "Table",
    "Value",
    "comparison",
    "completeness",
    "distribution",
    "flow",
    "funnel",
    "nation_map",
    "rates_by_age",
    "sparkline",
    "time_series",
    "units",
]
