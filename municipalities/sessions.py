"""Django's sessions in the database. The database lets a request see one session only: the one whose key it knows."""

from __future__ import annotations

from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session

from municipalities import database


class SessionStore(db.SessionStore):
    def _get_session_from_db(self) -> Session | None:
        database.know(session=self.session_key)
        found: Session | None = super()._get_session_from_db()  # type: ignore[misc]
        return found

    def save(self, must_create: bool = False) -> None:
        if self.session_key:
            database.know(session=self.session_key)
        super().save(must_create)

    def delete(self, session_key: str | None = None) -> None:
        if key := session_key or self.session_key:
            database.know(session=key)
        super().delete(session_key)

    @classmethod
    def get_model_class(cls) -> Any:
        return Session
