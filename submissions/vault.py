"""Keeps a received message encrypted in the database until it is shredded.

Each message has a key of its own (AES-256-GCM), wrapped under KPR_MESSAGE_KEY; deleting the row with the wrapped key
shreds the message even where its chunks survive in a backup. Chunks are compressed before they are encrypted.
"""

from __future__ import annotations

import hashlib
import os
import zlib
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from submissions.models import Message, MessageChunk

CHUNK_BYTES = 1024 * 1024
NONCE_BYTES = 12


def _master() -> AESGCM:
    return AESGCM(hashlib.sha256(settings.KPR_MESSAGE_KEY.encode()).digest())


def _seal(cipher: AESGCM, plain: bytes, about: str) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, plain, about.encode())


def _open(cipher: AESGCM, sealed: bytes, about: str) -> bytes:
    return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], about.encode())


class Writer:
    """Stores a message piece by piece in the caller's transaction. Call `close` after the last piece.

    Chunks are compressed and encrypted beside the caller's own work on the message.
    """

    def __init__(self) -> None:
        key = AESGCM.generate_key(256)
        self.message = Message()
        self.message.wrapped_key = _seal(_master(), key, str(self.message.pk))
        self.message.save(force_insert=True)
        self._cipher = AESGCM(key)
        self._waiting = bytearray()
        self._sealer = ThreadPoolExecutor(max_workers=1)
        self._sealing: deque[Future[bytes]] = deque()
        self._stored = 0

    def write(self, piece: bytes) -> None:
        self._waiting += piece
        if len(self._waiting) >= CHUNK_BYTES:
            self._seal_waiting()
            self._store(leave=1)

    def close(self) -> Message:
        if self._waiting:
            self._seal_waiting()
        self._store(leave=0)
        self._sealer.shutdown()
        return self.message

    def _seal_waiting(self) -> None:
        number = self._stored + len(self._sealing)
        self._sealing.append(self._sealer.submit(self._sealed, bytes(self._waiting), number))
        self._waiting.clear()

    def _sealed(self, plain: bytes, number: int) -> bytes:
        return _seal(self._cipher, zlib.compress(plain, 1), f"{self.message.pk}:{number}")

    def _store(self, *, leave: int) -> None:
        while len(self._sealing) > leave:
            content = self._sealing.popleft().result()
            MessageChunk.objects.create(message=self.message, number=self._stored, content=content)
            self._stored += 1


def read(message: Message) -> Iterator[bytes]:
    """The message as received, piece by piece.

    Raises:
        cryptography.exceptions.InvalidTag: KPR_MESSAGE_KEY is not the one it was stored under, or the row was altered.
    """
    cipher = AESGCM(_open(_master(), bytes(message.wrapped_key), str(message.pk)))
    numbers = MessageChunk.objects.filter(message=message).order_by("number").values_list("number", flat=True)
    for number in list(numbers):
        sealed = MessageChunk.objects.values_list("content", flat=True).get(message=message, number=number)
        yield zlib.decompress(_open(cipher, bytes(sealed), f"{message.pk}:{number}"))
