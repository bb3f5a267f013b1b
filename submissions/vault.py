"""Keeps a received message encrypted in the database until it is shredded.

Each message has a key of its own (AES-256-GCM), wrapped under KPR_MESSAGE_KEY; deleting the row with the wrapped key
shreds the message even where its chunks survive in a backup. Chunks are compressed before they are encrypted.
"""

from __future__ import annotations

import hashlib
import os
import zlib
from collections import deque
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import psycopg
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import connection

from municipalities import database
from submissions.beside import Beside
from submissions.models import Message, MessageChunk

CHUNK_BYTES = 1024 * 1024
NONCE_BYTES = 12
INSERT_CHUNK = "INSERT INTO submissions_messagechunk (message_id, number, content) VALUES (%s, %s, %b)"


def _master() -> AESGCM:
    return AESGCM(hashlib.sha256(settings.KPR_MESSAGE_KEY.encode()).digest())


def _seal(cipher: AESGCM, plain: bytes, about: str) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, plain, about.encode())


def _open(cipher: AESGCM, sealed: bytes, about: str) -> bytes:
    return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], about.encode())


class Writer:
    """Stores a message piece by piece in the caller's transaction, which must last until `close`.

    Chunks are compressed, encrypted and sent to the database beside the caller's own work on the message. As a context
    it sees to it that nothing is sent any more once the caller gave up.
    """

    def __init__(self) -> None:
        key = AESGCM.generate_key(256)
        self.message = Message()
        self.message.wrapped_key = _seal(_master(), key, str(self.message.pk))
        database.know(message=self.message.pk)
        self.message.save(force_insert=True)
        self._cipher = AESGCM(key)
        self._waiting = bytearray()
        self._beside = Beside(ahead=1)
        self._taken = 0

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, *_error: object) -> None:
        self._beside.__exit__()

    def write(self, piece: bytes) -> None:
        self._waiting += piece
        if len(self._waiting) >= CHUNK_BYTES:
            self._store_waiting()

    def close(self) -> Message:
        if self._waiting:
            self._store_waiting()
        self._beside.finish()
        return self.message

    def _store_waiting(self) -> None:
        self._beside.hand(self._store, connection.connection, bytes(self._waiting), self._taken)
        self._waiting.clear()
        self._taken += 1

    def _store(self, session: psycopg.Connection[Any], plain: bytes, number: int) -> None:
        sealed = _seal(self._cipher, zlib.compress(plain, 1), f"{self.message.pk}:{number}")
        with psycopg.Cursor(session) as cursor:
            cursor.execute(INSERT_CHUNK, [self.message.pk, number, sealed])


def read(message: Message) -> Generator[bytes, None, None]:
    """The message as received, piece by piece. The next piece is opened while the caller is busy with the one before.

    Raises:
        cryptography.exceptions.InvalidTag: KPR_MESSAGE_KEY is not the one it was stored under, or the row was altered.
    """
    cipher = AESGCM(_open(_master(), bytes(message.wrapped_key), str(message.pk)))
    numbers = MessageChunk.objects.filter(message=message).order_by("number").values_list("number", flat=True)
    with ThreadPoolExecutor(max_workers=1) as beside:
        waiting: deque[Future[bytes]] = deque()
        for number in list(numbers):
            sealed = MessageChunk.objects.values_list("content", flat=True).get(message=message, number=number)
            waiting.append(beside.submit(_unpack, cipher, bytes(sealed), f"{message.pk}:{number}"))
            if len(waiting) > 1:
                yield waiting.popleft().result()
        for opened in waiting:
            yield opened.result()


def _unpack(cipher: AESGCM, sealed: bytes, about: str) -> bytes:
    return zlib.decompress(_open(cipher, sealed, about))
