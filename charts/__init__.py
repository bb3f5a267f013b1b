"""Charts: plain figures in, one `Chart` out - what plotly.js draws, what it says in words, and the same as a table."""

from charts.chart import Chart, Download, Row, Subject, Table
from charts.distribution import distribution
from charts.funnel import funnel
from charts.places import MapPlace, nation_map
from charts.rows import comparison, completeness, units
from charts.steering import Month, Rate, flow, rates_by_age
from charts.trend import Kind, Series, sparkline, time_series
from charts.values import Against, Missing, Value

__all__ = [
    "Against",
    "Chart",
    "Download",
    "Kind",
    "MapPlace",
    "Missing",
    "Month",
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
