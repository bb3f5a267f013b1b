"""The plain JSON: rows in pages, as all lists of the API."""

from __future__ import annotations

import json

from django.utils import timezone

from municipalities.api import no_page
from publications.formats.extract import LICENCE, UNIT, Extract, source
from publications.query import Query


def render(extract: Extract, query: Query, address: str) -> bytes:
    """One page of the rows; `address` is where the pages are, without the query.

    Raises:
        Problem: the page lies beyond the last row.
    """
    start, count = (query.page - 1) * query.page_size, len(extract.rows)
    if start and start >= count:
        raise no_page()
    body = {
        "indicator": extract.indicator.code,
        "version": extract.version,
        "publication": extract.number,
        "published_at": timezone.localtime(extract.released_at).isoformat() if extract.released_at else None,
        "unit": UNIT,
        "source": source(),
        "licence": LICENCE,
        "count": count,
        "next": f"{address}?{query.address(query.page + 1)}" if start + query.page_size < count else None,
        "previous": f"{address}?{query.address(query.page - 1)}" if start else None,
        "results": extract.rows[start : start + query.page_size],
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
