"""The independent auditor of what was published. It shares no code with the protector, and reads only what left the house."""

from publications.disclosure_audit.attack import Tick, audit, untold
from publications.disclosure_audit.documents import Document, Known, Limits, documents_from
from publications.disclosure_audit.report import Leak, Report

__all__ = ["Document", "Known", "Leak", "Limits", "Report", "Tick", "audit", "documents_from", "untold"]
