"""The independent auditor of what was published. It shares no code with the protector, and reads only what left the house."""

from indicators.audit.attack import audit
from indicators.audit.documents import Document, Known, Limits, documents_from
from indicators.audit.report import Leak, Report

__all__ = ["Document", "Known", "Leak", "Limits", "Report", "audit", "documents_from"]
