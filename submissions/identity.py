"""What is kept of an identity number: keyed hashes, from which it cannot be told without the key."""

from __future__ import annotations

from functools import lru_cache

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from django.conf import settings


def pseudonym(identity_type: str, number: str) -> str:
    """The 128-bit pseudonym of a person, as hexadecimal: HMAC-SHA-256 over type and number.

    The same key serves all municipalities, so that the same person is recognised across them.
    """
    return _hash(f"{identity_type}|{number}")[:16].hex()


def reference_hash(municipality: str, name: str, reference: str) -> int:
    """64 bits (signed, never 0) that tell references apart which look alike once the identity number in them is masked.

    `name` is the attribute's. Those of two municipalities have nothing in common.
    """
    return int.from_bytes(_hash(f"{name}|{municipality}|{reference}")[:8], signed=True) or 1


def key_hash(idempotency_key: str) -> str:
    """What is kept of an Idempotency-Key, which is only ever compared; empty where there is none."""
    return _hash(f"Idempotency-Key|{idempotency_key}").hex() if idempotency_key else ""


def _hash(text: str) -> bytes:
    code = _keyed(settings.KPR_PSEUDONYM_KEY).copy()
    code.update(text.encode())
    return code.finalize()


@lru_cache(maxsize=2)
def _keyed(key: str) -> HMAC:
    return HMAC(key.encode(), SHA256())
