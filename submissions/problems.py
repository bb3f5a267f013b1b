"""Problems as they are stored with a submission, and as they are told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from submissions.sentences import placed, sentence

Problem = Mapping[str, Any]


def told(problem: Problem | None) -> dict[str, Any] | None:
    """A stored problem in the active language: `code`, `detail`, `errors`, and `reason` where work on the message stopped."""
    if problem is None:
        return None
    facts = problem.get("facts", {})
    reason = {"reason": facts["reason"]} if "reason" in facts else {}
    errors = [told_error(error) for error in problem.get("errors", ())]
    code = problem.get("code", "")
    return {"code": code, "detail": sentence(code, facts), "errors": errors, **reason}


def told_error(error: Problem) -> dict[str, Any]:
    """One stored error as the API tells it: the sentence begins with the record that it is about."""
    said = placed(error.get("user_ref", ""), error.get("service_ref", ""), _said(error))
    return {name: error[name] for name in ("line", "column", "path", "code")} | {"message": said}


def errors_of_page(errors: object) -> list[dict[str, Any]]:
    """Stored errors as a table shows them: the record in columns of its own. Those that have no place are left out."""
    listed = errors if isinstance(errors, list | tuple) else ()
    return [{**error, "message": _said(error)} for error in listed if error["line"] or error["path"]]


def _said(error: Problem) -> str:
    return sentence(error["code"], error.get("facts", {}))
