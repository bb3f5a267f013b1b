"""The web server: gunicorn keeps the processes, waitress talks to the clients, and the portal is asked before a body is taken in.

Headers and bodies are gathered by one loop for each process, so that a slow sender costs a connection and no thread. A thread is
used when a request is whole. Before a body larger than SMALL_BODY is received the application is called with its headers alone
(`environ[PERMIT]`): it says how many bytes may come (`kpr_portal.gate`), or its answer is the refusal, and nothing was stored.
"""

from __future__ import annotations

import io
import os
import resource
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from gunicorn.workers.base import Worker
from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import TcpWSGIServer
from waitress.task import ThreadedTaskDispatcher, WSGITask

from kpr_portal.permit import BODIES_OF_ONE_SENDER, PERMIT, SMALL_BODY, Permit

# Threads of each process that take in messages. The others, which answer pages, never wait behind a large message.
MESSAGE_THREADS = 2
# Seconds. Within the first the headers must be here; after the second a body must have come at BYTES_A_SECOND on average.
HEADER_SECONDS, BODY_SECONDS, BYTES_A_SECOND = 30, 60, 2 * 1024
# Seconds that a refused sender is listened to: closing under one who still sends would reset the connection, and the answer
# would be lost with it.
LISTEN_SECONDS, LISTEN_IDLE_SECONDS = 300, 10
OPEN_FILES = 16_384


@dataclass(frozen=True)
class Refusal:
    """The application's answer instead of receiving the body, in the form of waitress's own errors."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes

    def to_response(self, _ident: str | None = None) -> tuple[str, list[tuple[str, str]], bytes]:
        return self.status, self.headers, self.body


class Request(HTTPRequestParser):
    """A request on its way in."""

    permit: Permit | None = None
    refused = False
    no_room = False

    def __init__(self, adjustments: Adjustments) -> None:
        super().__init__(adjustments)
        self.began = time.time()

    @property
    def size(self) -> int:
        """Bytes of the body: what the client announced, or what has come so far."""
        return max(self.content_length, self.body_bytes_received)

    @property
    def must_ask(self) -> bool:
        """Whether the body is larger than what is allowed so far."""
        if not self.headers_finished or self.error:
            return False
        return self.no_room or self.size > (SMALL_BODY if self.permit is None else self.permit.bytes or 0)

    @property
    def is_message(self) -> bool:
        return self.permit is not None

    def is_too_slow(self, now: float) -> bool:
        age = now - self.began
        if not self.headers_finished:
            return age > HEADER_SECONDS
        return age > BODY_SECONDS and self.body_bytes_received < age * BYTES_A_SECOND


class Question:
    """A task for a thread: asks the application about a body that is not here yet."""

    def __init__(self, channel: Channel, request: Request) -> None:
        self.channel, self.request = channel, request

    def service(self) -> None:
        try:
            answer = self._ask()
        except Exception:
            self.channel.logger.exception("Exception when asked about the body of %s", self.request.path)
            answer = Refusal("500 Internal Server Error", [("Content-Type", "text/plain")], b"Internal Server Error\n")
        self.channel.answered(self.request, answer)

    def cancel(self) -> None:
        self.channel.cancel()

    def _ask(self) -> Permit | Refusal:
        permit, head = Permit(self.channel.server.is_busy, self.request.no_room), []
        environ = WSGITask(self.channel, self.request).get_environment()
        environ.update({PERMIT: permit, "wsgi.input": io.BytesIO(), "CONTENT_LENGTH": str(self.request.size)})

        def start_response(status: str, headers: list[tuple[str, str]], _exc_info: Any = None) -> None:
            head.append((status, headers))

        body = _whole(self.channel.server.application(environ, start_response))
        return Refusal(*head[-1], body) if permit.bytes is None or permit.bytes < self.request.size else permit


def _whole(pieces: Iterable[bytes]) -> bytes:
    try:
        return b"".join(pieces)
    finally:
        if close := getattr(pieces, "close", None):
            close()


class Channel(HTTPChannel):
    """A connection. Reads no further while a question is open, and listens on after a refusal."""

    parser_class = Request
    request: Request | None = None
    close_when_flushed = False
    sent_continue = False
    asking: Request | None = None
    held = b""
    refuses = False
    listens_until = 0.0

    def readable(self) -> bool:
        return bool(self.listens_until) or (self.asking is None and super().readable())

    def handle_read(self) -> None:
        if not self.listens_until:
            super().handle_read()
        elif self.recv(self.adj.recv_bytes):  # what comes is thrown away
            self.last_activity = time.time()

    def received(self, data: bytes) -> bool:
        with self.requests_lock:
            if self.will_close or self.close_when_flushed:
                return False
            self._take(data)
        return True

    def _take(self, data: bytes) -> None:
        """The same as waitress's own loop, but for the question and for a full disk. The lock is held."""
        while data and not self.asking:
            request = self.request = self.request or self.parser_class(self.adj)
            try:
                data = data[request.received(data) :]
            except OSError as error:
                self.logger.error("A body could not be kept: %s", error)
                request.no_room, data = True, b""
            if request.must_ask:
                self.asking, self.held = request, data
                return self.server.add_task(Question(self, request))
            self._go_on(request)

    def _go_on(self, request: Request) -> None:
        wants_continue = request.expect_continue and request.headers_finished
        if wants_continue and not self.requests and not self.sent_continue:
            self.send_continue()
        if request.completed:
            self.sent_continue = False
            self.request = None
            if not request.empty:
                self._enqueue(request)

    def _enqueue(self, request: Request) -> None:
        self.requests.append(request)
        if len(self.requests) == 1:  # else `service` goes on with it when it is done with those before
            self.server.add_task(self)

    def _refuse(self, request: Request, refusal: Refusal) -> None:
        request.error, request.completed, request.refused = refusal, True, True
        self.request = None
        self._enqueue(request)

    def answered(self, request: Request, answer: Permit | Refusal) -> None:
        """Called in a thread when the application has answered."""
        with self.requests_lock:
            data, self.held, self.asking = self.held, b"", None
            if isinstance(answer, Refusal):
                self._refuse(request, answer)
            else:
                request.permit = answer
                self._go_on(request)
                self._take(data)
        self.last_activity = time.time()
        self.server.pull_trigger()

    def service(self) -> None:
        self.refuses = self.requests[0].refused
        super().service()

    def handle_write(self) -> None:
        if self.close_when_flushed and self.refuses:
            self._flush_exception(self._flush_some)
            if not self.will_close and not self.total_outbufs_len:
                self.close_when_flushed = False
                self._listen_on()
            if not self.will_close:
                return
        super().handle_write()

    def handle_close(self) -> None:
        """What was received of a body goes with the connection."""
        super().handle_close()
        self.held = b""
        if self.request:
            self.request.close()

    def _listen_on(self) -> None:
        """Say that the answer is over, and wait until the client has seen it."""
        try:
            self.socket.shutdown(1)
            self.listens_until = time.time() + LISTEN_SECONDS
        except OSError:
            self.will_close = True

    def is_over(self, now: float) -> bool:
        if self.listens_until:
            return now > self.listens_until or now > self.last_activity + LISTEN_IDLE_SECONDS
        request = self.request
        return request is not None and not self.asking and request.is_too_slow(now)


class Server(TcpWSGIServer):
    """One listening socket of one process."""

    channel_class = Channel

    def __init__(self, *args: Any, messages: ThreadedTaskDispatcher, **kwargs: Any) -> None:
        self.messages = messages
        super().__init__(*args, **kwargs)

    def add_task(self, task: Channel | Question) -> None:
        is_message = isinstance(task, Channel) and task.requests[0].is_message
        (self.messages if is_message else self.task_dispatcher).add_task(task)

    def is_busy(self, sender: str) -> bool:
        under_way = [channel.request for channel in list(self.active_channels.values()) if channel.request]
        return sum(bool(r.permit and r.permit.sender == sender) for r in under_way) >= BODIES_OF_ONE_SENDER

    def maintenance(self, now: float) -> None:
        super().maintenance(now)
        for channel in self.active_channels.values():
            if channel.is_over(now):
                channel.will_close = True


class BufferingWorker(Worker):
    """A process of the web server."""

    def run(self) -> None:
        adjustments = Adjustments(
            threads=self.cfg.threads,
            recv_bytes=256 * 1024,
            inbuf_overflow=512
            * 1024,  # more than is read at once, so that nothing touches the disk before leave is given
            max_request_body_size=sys.maxsize,  # the permit is the limit
            max_request_header_size=32 * 1024,
            connection_limit=_open_files() // 2,
            channel_timeout=HEADER_SECONDS * 2,
            cleanup_interval=5,
            asyncore_use_poll=True,
            clear_untrusted_proxy_headers=False,  # the portal reads them, by BEHIND_PROXY
            log_socket_errors=False,
            ident="",
        )
        pages, messages = ThreadedTaskDispatcher(), ThreadedTaskDispatcher()
        pages.set_thread_count(adjustments.threads)
        messages.set_thread_count(MESSAGE_THREADS)
        sockets: dict[int, Any] = {}
        servers = [
            Server(
                self.wsgi,
                sockets,
                _sock=listener.sock,
                dispatcher=pages,
                adj=adjustments,
                sockinfo=(listener.sock.family, listener.sock.type, listener.sock.proto, listener.sock.getsockname()),
                bind_socket=False,
                messages=messages,
            )
            for listener in self.sockets
        ]
        while self.alive and self.ppid == os.getppid():
            self._turn(sockets)
        for server in servers:
            server.accepting = False
        until = time.time() + self.cfg.graceful_timeout
        while time.time() < until and any(channel.requests for s in servers for channel in s.active_channels.values()):
            self._turn(sockets)
        for dispatcher in (pages, messages):
            dispatcher.shutdown(timeout=1)

    def _turn(self, sockets: dict[int, Any]) -> None:
        self.notify()
        wasyncore.loop(timeout=1, use_poll=True, map=sockets, count=1)


def _open_files() -> int:
    """Raises the process's limit of open files as far as it may, and returns it."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted
