"""Agent Cellphone for Python: one file, standard library only, Python 3.9 or later.

    from agent_cellphone import Phone

    phone = Phone(name="worker-1", capabilities=["count-words"])

    @phone.on("task_assignment")
    def count(message):
        return {"words": len(message.payload["text"].split())}

    phone.run()

Address and key come from the environment when they are not given: CELLPHONE_URL (an enrolment URL
`http://enrol_...@host:port`, or a plain one), CELLPHONE_KEY, CELLPHONE_NAME, CELLPHONE_NAMESPACE.
`python3 agent_cellphone.py --check` connects and says what it sees. `AsyncPhone` is the same for
asyncio. Durations are seconds as numbers, or text such as "250ms", "60s", "1h30m".
"""

from __future__ import annotations

import argparse
import asyncio
import atexit
import collections
import concurrent.futures
import contextvars
import email.utils
import functools
import gzip
import http.client
import inspect
import json
import logging
import math
import numbers
import os
import platform
import random
import re
import secrets
import signal
import socket
import ssl
import sys
import threading
import time
import urllib.parse
import weakref
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Union

__version__ = "0.1.0"
__all__ = [
    "AgentInfo",
    "AsyncPhone",
    "CellphoneClientError",
    "DeadLetter",
    "Delivery",
    "GatewayResponse",
    "Message",
    "Phone",
    "RetryLater",
    "SendReceipt",
    "Span",
    "Work",
    "connect",
]

DEFAULT_URL = "http://127.0.0.1:2355"

#: Seconds as a number, or text such as "250ms", "60s", "1h30m".
Duration = Union[int, float, str]
#: What JSON can carry.
Json = Any
#: Takes (message) or (message, delivery).
Handler = Callable[..., Any]

_log = logging.getLogger("agent_cellphone")

_NOTE_LENGTH_MAX = 500
_EMPTY_POLL_S = 0.2  # a server that drains answers claims at once; do not spin meanwhile
_OUTCOMES_MAX = 1000  # outcomes kept for messages whose lease was lost before they were settled
_REQUESTS_REMEMBERED_MAX = 1000  # for replies that come after their request has ended
_REPLY_POLL_S = 5.0  # one wait for a reply; the request's receipt is looked at in between
_FLUSH_S = 1.0
_PROGRESS_SPACING_S = 0.2
_HANDLER_THREAD = "cellphone-handler-"
_BATCH = 500  # stays below the server's body limit with generous contexts
_WAIT_SHARE = 0.9  # of the heartbeat's interval, how long one stays open: the next must be in time
_WAIT_MAX_S = 60.0  # longest that the server keeps one open
_SPACING_S = 0.5  # between heartbeats that bring no news
_PROFILE_BYTES_MAX = 32 * 1024 * 1024


# Errors -----------------------------------------------------------------------------------------


class CellphoneClientError(Exception):
    """A failed call: `message`, `code` (the server's, or `client.…`), `status` (0 without an
    answer), `remedy` (what to do), `retryable`, `details` (the whole problem document)."""

    def __init__(self, message, code, status=0, remedy="", retryable=False, details=None,
                 retry_after=None, not_sent=False):
        super().__init__(message)
        self.message = message
        self.code = code
        self.status = status
        self.remedy = remedy
        self.retryable = retryable
        self.details = details or {}
        self.retry_after = retry_after
        self.not_sent = not_sent

    def __str__(self):
        remedy = f" {self.remedy}" if self.remedy else ""
        return f"{self.message.rstrip('.')}.{remedy} [{self.code}]"


class RetryLater(Exception):
    """Raised by a handler: hand the message out again, after `delay` or the server's own."""

    def __init__(self, note, delay=None):
        super().__init__(note)
        self.delay = None if delay is None else _seconds(delay)


class DeadLetter(Exception):
    """Raised by a handler: this message can never be handled; set it aside for a person."""


def _closed(what="The phone is closed"):
    return CellphoneClientError(what, "client.closed", remedy="Make a new Phone.")


def _of_parent():
    return CellphoneClientError(
        "This phone belongs to the process that forked this one", "client.closed",
        remedy="Make a new Phone in the child.",
    )


def _unreachable(base_url, cause, not_sent):
    reason = str(cause) or type(cause).__name__
    return CellphoneClientError(
        f"{base_url} does not answer: {reason}",
        "client.unreachable",
        remedy="Start it with `npm start`, and check CELLPHONE_URL.",
        retryable=True,
        not_sent=not_sent,
    )


# Small pure parts -------------------------------------------------------------------------------

_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def _seconds(duration):
    """Seconds of a number (seconds) or of text such as "250ms", "60s", "1h30m"."""
    if isinstance(duration, (int, float)) and not isinstance(duration, bool):
        if math.isfinite(duration) and duration >= 0:
            return float(duration)
        raise ValueError(f"A duration is a number of seconds >= 0, not {duration}")
    text = str(duration).strip()
    if not re.fullmatch(r"(\d+(\.\d+)?(ms|s|m|h|d))+", text):
        raise ValueError(f'"{duration}" is no duration; write it like "250ms", "60s" or "1h30m"')
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)", text)
    return sum(float(number) * _UNITS_S[unit] for number, unit in parts)


def _ms(duration):
    return round(_seconds(duration) * 1000)


def _backoff(failures, retry_after=None, rand=random.random):
    """Seconds before the next try: exponential with jitter, never sooner than Retry-After."""
    if retry_after is not None:
        return retry_after + rand() * 0.2
    ceiling = min(5.0, 0.2 * 2 ** min(failures - 1, 16))
    return ceiling / 4 + rand() * ceiling * 0.75


def _parse_retry_after(header, now):
    """Seconds that a Retry-After header asks for (RFC 9110, 10.2.3: seconds or a date)."""
    if header is None:
        return None
    if re.fullmatch(r"\s*\d+\s*", header):
        return float(header)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(header).timestamp() - now)
    except (TypeError, ValueError):
        return None


_Trace = collections.namedtuple("_Trace", "trace_id span_id flags")


def _parse_traceparent(text):
    """The parts of a W3C traceparent; None when there is none, or an unreadable one."""
    match = re.fullmatch(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})", text or "")
    if match is None or set(match.group(1)) == {"0"} or set(match.group(2)) == {"0"}:
        return None
    return _Trace(*match.groups())


def _format_traceparent(trace):
    return f"00-{trace.trace_id}-{trace.span_id}-{trace.flags}"


def _new_trace():
    return _Trace(secrets.token_hex(16), secrets.token_hex(8), "01")


def _next_traceparent(current):
    """W3C trace context: the same trace with a new parent id, or a new sampled trace."""
    trace = _parse_traceparent(current) or _new_trace()
    return _format_traceparent(trace._replace(span_id=secrets.token_hex(8)))


def _parse_address(text):
    """Base URL without a trailing slash, and the secret in the URL's user part or None."""
    parts = urllib.parse.urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        shown = re.sub(r"//[^@/]*@", "//…@", text)
        hint = "without CELLPHONE_URL= before it, " if text.startswith("CELLPHONE_URL=") else ""
        raise ValueError(f'"{shown}" is no URL of a server; {hint}write it like {DEFAULT_URL}')
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    port = "" if parts.port is None else f":{parts.port}"
    secret = urllib.parse.unquote(parts.username) if parts.username else None
    return f"{parts.scheme}://{host}{port}{parts.path.rstrip('/')}", secret


_Claim = collections.namedtuple("_Claim", "base_url enrolment key name namespace")


def _resolve_identity(url, key, name, namespace, environment):
    """Options first, then the environment, then defaults; a key beats an enrolment."""
    base_url, secret_in_url = _parse_address(url or environment.get("CELLPHONE_URL") or DEFAULT_URL)
    # A secret named in the options wins over one the environment happens to hold.
    secret = key or (secret_in_url if url else None)
    secret = secret or environment.get("CELLPHONE_KEY") or secret_in_url
    if not secret:
        raise CellphoneClientError(
            f"No key for {base_url}",
            "client.key_missing",
            remedy="Set CELLPHONE_URL to an enrolment URL, or CELLPHONE_KEY.",
        )
    enrols = secret.startswith("enrol_")
    name = name or environment.get("CELLPHONE_NAME") or None
    if name is None and (enrols or secret.startswith("admin_")):
        raise CellphoneClientError(
            "An agent that enrols needs a name",
            "client.name_missing",
            remedy="Pass name=, or set CELLPHONE_NAME.",
        )
    namespace = namespace or environment.get("CELLPHONE_NAMESPACE") or None
    return _Claim(base_url, secret if enrols else None, None if enrols else secret, name, namespace)


def _given(**fields):
    return {name: value for name, value in fields.items() if value is not None}


def _copied(fields):
    """As they are now: they are sent later, and are their owner's to change meanwhile."""
    return None if fields is None else dict(fields)


def _quoted(text):
    return urllib.parse.quote(text, safe="")


def _note(error):
    return (str(error) or type(error).__name__)[:_NOTE_LENGTH_MAX]


def _checked_report(progress, note):
    """A progress report's fields; what cannot be sent is refused where it is given."""
    if progress is not None:
        if isinstance(progress, bool) or not isinstance(progress, numbers.Real):
            raise TypeError(f"Progress is a number from 0 to 1, not {progress!r}")
        progress = float(progress)  # also of numpy's numbers, which are no JSON
        if not 0 <= progress <= 1:
            raise ValueError(f"Progress is a number from 0 to 1, not {progress}")
    if note is not None and not isinstance(note, str):
        raise TypeError(f"A note is text, not {note!r}")
    return _given(progress=progress, note=note)


class _Remembered:
    """A bounded set of ids, the oldest forgotten first."""

    def __init__(self, most):
        self._most = most
        self._ids = collections.OrderedDict()
        self._lock = threading.Lock()

    def add(self, key, value=True):
        with self._lock:
            self._ids[key] = value
            if len(self._ids) > self._most:
                self._ids.popitem(last=False)

    def pop(self, key):
        with self._lock:
            return self._ids.pop(key, None)

    def __contains__(self, key):
        return key in self._ids


# What a handler is part of (what it sends belongs to its conversation), and what it handles.
_context = contextvars.ContextVar("agent_cellphone_context", default=None)
_Context = collections.namedtuple(
    "_Context", "traceparent conversation_id task_id delivery", defaults=(None,)
)
_NO_CONTEXT = _Context(None, None, None)


def _enter(inside):
    token = _context.set(inside)
    return token, inside


def _leave(entered):
    """Back to what was around. A generator's block may end in another Context than it began in (a
    framework iterates it in a pool of threads, the loop finalises it): what is there stays, unless
    it is what was entered, copied."""
    token, inside = entered
    try:
        _context.reset(token)
    except ValueError:
        if _context.get() is inside:
            _context.set(None if token.old_value is token.MISSING else token.old_value)


def _message_body(to, type, payload, priority, dedupe_key, ordering_key, task, expect_reply,
                  reply_to_id, conversation_id, traceparent):
    """The body of POST /api/v1/messages."""
    context = _context.get() or _NO_CONTEXT
    body = _given(
        priority=priority,
        orderingKey=ordering_key,
        replyToId=reply_to_id,
        conversationId=conversation_id or context.conversation_id,
        task=_task_body(task, context),
    )
    body.update(
        recipientId=to,
        type=type,
        payload=payload,
        # A retry after a lost answer must not send twice.
        dedupeKey=dedupe_key or f"auto-{secrets.token_hex(16)}",
        traceparent=traceparent or _next_traceparent(context.traceparent),
    )
    if expect_reply:
        body["expectsReply"] = True
    return body


def _task_body(task, context):
    if task is None:
        return None
    task = {"title": task} if isinstance(task, str) else dict(task)
    unknown = set(task) - {"title", "parent", "expect"}
    if unknown or "title" not in task:
        raise ValueError(f"A task has title, parent and expect, not {', '.join(sorted(unknown))}")
    expect = task.get("expect")
    return _given(
        title=task["title"],
        parentId=task.get("parent") or context.task_id,
        expectMs=None if expect is None else _ms(expect),
    )


# HTTP -------------------------------------------------------------------------------------------


class _Transport:
    """Calls one server over kept-alive connections; tries again where that is safe."""

    _IDLE_MAX = 8

    def __init__(self, base_url, retry_for):
        self.base_url = base_url
        self.headers = {
            "accept": "application/json",
            "user-agent": f"agent-cellphone-python/{__version__}",
        }
        parts = urllib.parse.urlsplit(base_url)
        self._secure = parts.scheme == "https"
        self._tls = ssl.create_default_context() if self._secure else None
        self._host = parts.hostname
        self._port = parts.port
        self._prefix = parts.path
        self._retry_for = retry_for
        self._lock = threading.Lock()
        self._idle = []  # (connection, unusable from then on), the newest last
        self._waiting = {}  # connections of calls that interrupt() may end, with their stop
        self._unreachable_since = None
        self._lost = 0  # answers in a row; a single one is no news
        self._keeps = True  # connections for the next call
        self._abandoned = False
        self.closing = threading.Event()

    def call(self, method, path, body=None, timeout=30.0, retry_for=None, repeatable=True, key=None,
             stop=None, gzipped=None, encoded=None):
        """Returns the answer's JSON, None for 204. `stop` (an Event) ends the call when set and
        `interrupt()` is called. `gzipped` and `encoded` are bodies that are bytes already."""
        until = time.monotonic() + (self._retry_for if retry_for is None else retry_for)
        data = (gzipped or encoded) if body is None else _encode(body)
        headers = {} if gzipped is None else {"content-encoding": "gzip"}
        failures = 0
        while True:
            try:
                return self._once(method, path, data, timeout, key, stop, headers)
            except CellphoneClientError as error:
                failures += 1
                if not _may_repeat(error, repeatable):
                    raise
                delay = _backoff(failures, error.retry_after)
                if time.monotonic() + delay > until:
                    raise
                if (stop or self.closing).wait(delay):
                    raise

    def interrupt(self):
        """Wakes the calls whose `stop` is set."""
        with self._lock:
            waiting = [one for one, stop in self._waiting.items() if stop.is_set()]
        for connection in waiting:
            _shut_down(connection)

    def close(self):
        with self._lock:
            self._keeps = False
            idle, self._idle = self._idle, []
        for connection, _ in idle:
            connection.close()

    def abandon(self):
        """In a forked child: lets go of the parent's sockets without ending what goes on over
        them. No lock is taken: one of the parent's threads may have held it."""
        self._abandoned = True
        self._keeps = False
        self._lock = threading.Lock()
        shared = [connection for connection, _ in self._idle] + list(self._waiting)
        self._idle, self._waiting = [], {}
        for connection in shared:
            connection.close()

    def _once(self, method, path, data, timeout, key, stop, more):
        if self._abandoned:
            raise _of_parent()
        if stop is not None and stop.is_set():
            raise _closed("The call was cancelled")
        connection = None
        sent = False
        try:
            connection = self._connection(timeout)
            if stop is not None:
                with self._lock:
                    self._waiting[connection] = stop
                if stop.is_set():
                    connection.close()
                    raise _closed("The call was cancelled")
            sent = True
            headers = dict(self.headers, **more)
            if data is not None:
                headers["content-type"] = "application/json"
            if key is not None:
                headers["authorization"] = f"Bearer {key}"
            response, text = self._exchange(connection, method, path, data, headers)
        except (OSError, http.client.HTTPException) as cause:
            if connection is not None:
                connection.close()
            if stop is not None and stop.is_set():
                raise _closed("The call was cancelled") from cause
            error = _unreachable(self.base_url, cause, not_sent=not sent)
            self._note_reachable(error)
            raise error from cause
        finally:
            if stop is not None and connection is not None:
                with self._lock:
                    self._waiting.pop(connection, None)
        self._release(connection, response)
        self._note_reachable(None)
        return _read_answer(response, text, f"{method} {path}")

    def _exchange(self, connection, method, path, data, headers):
        try:
            connection.request(method, self._prefix + path, body=data, headers=headers)
        except (BrokenPipeError, ConnectionResetError):
            # A server that refuses a large body answers before it has read it all, and the answer
            # can still be read.
            if connection.sock is None or data is None or len(data) < 65536:
                raise
        response = connection.getresponse()
        return response, response.read()

    def _connection(self, timeout):
        now = time.monotonic()
        with self._lock:
            while self._idle:
                connection, usable_until = self._idle.pop()
                if now < usable_until and connection.sock is not None:
                    connection.sock.settimeout(timeout)
                    return connection
                connection.close()
        connection = _connection_to(self._secure, self._host, self._port, timeout, self._tls)
        connection.connect()
        return connection

    def _release(self, connection, response):
        if response.will_close or connection.sock is None:
            connection.close()
            return
        # The server closes idle connections; not using one that is about to go avoids a race.
        match = re.search(r"timeout=(\d+)", response.getheader("keep-alive") or "")
        idle = max(0.0, (float(match.group(1)) if match else 5.0) - 1.0)
        with self._lock:
            self._idle.append((connection, time.monotonic() + idle))
            most = self._IDLE_MAX if self._keeps else 0
            surplus = self._idle[: len(self._idle) - most]
            del self._idle[: len(surplus)]
        for old, _ in surplus:
            old.close()

    def _note_reachable(self, error):
        """One line when the server goes, one when it is back."""
        with self._lock:
            self._lost = 0 if error is None else self._lost + 1
            since = self._unreachable_since
            if (error is None) == (since is None):
                return
            if error is not None and not error.not_sent and self._lost < 2:
                return
            self._unreachable_since = None if error is None else time.monotonic()
        if error is None:
            _log.warning("%s answers again, after %d s", self.base_url, time.monotonic() - since)
        else:
            _log.warning("%s; trying again until it does", error.message)


def _connection_to(secure, host, port, timeout, tls):
    if secure:
        return http.client.HTTPSConnection(host, port, timeout=timeout, context=tls)
    return http.client.HTTPConnection(host, port, timeout=timeout)


_JSON = json.JSONEncoder(allow_nan=False, separators=(",", ":"))


def _encode(body):
    try:
        return _JSON.encode(body).encode()
    except ValueError as error:
        raise ValueError(f"A payload must be JSON: {error}") from error


def _shut_down(connection):
    """Unlike close(), this wakes a thread that waits for the answer."""
    try:
        connection.sock.shutdown(socket.SHUT_RDWR)
    except (OSError, AttributeError):
        pass


def _may_repeat(error, repeatable):
    may_pass = error.code == "client.unreachable" or error.status in (429, 502, 503, 504)
    # Other errors marked retryable (a name in use) want something to change first.
    if not may_pass or not error.retryable:
        return False
    return repeatable or error.status in (429, 503) or error.not_sent


def _read_answer(response, text, call):
    try:
        answer = json.loads(text) if text else None
    except ValueError:
        answer = text  # judged below
    if 200 <= response.status < 300 and not isinstance(answer, bytes):
        return answer
    retryable = response.status in (429, 502, 503, 504)
    retry_after = _parse_retry_after(response.getheader("retry-after"), time.time())
    if not isinstance(answer, dict) or "code" not in answer:
        raise CellphoneClientError(
            f"{call} was answered with {response.status} and no JSON this client knows",
            "client.response_invalid",
            status=response.status,
            remedy="Check that CELLPHONE_URL names the control plane (port 2355).",
            retryable=retryable,
            retry_after=retry_after,
        )
    raise CellphoneClientError(
        answer.get("detail") or answer.get("title") or f"{call}: {response.status}",
        str(answer["code"]),
        status=response.status,
        remedy=str(answer.get("remedy", "")),
        retryable=answer.get("retryable") is True or retryable,
        details=answer,
        retry_after=retry_after,
    )


# What the process knows about itself --------------------------------------------------------------


class _UsageMeter:
    """CPU of this process since the last reading, in percent of one core, and its memory."""

    def __init__(self):
        self._at = time.monotonic()
        self._cpu = time.process_time()

    def read(self):
        memory = _resident_bytes()
        if memory is None:
            return None
        now, cpu = time.monotonic(), time.process_time()
        percent = (cpu - self._cpu) / max(0.001, now - self._at) * 100
        self._at, self._cpu = now, cpu
        return {"cpuPercent": round(percent, 1), "memoryBytes": memory, "processes": 1}


def _resident_bytes():
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError, AttributeError):
        return None


def _is_alive(pid):
    """Whether a process of this machine lives; true when that cannot be told."""
    if os.name != "posix":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


# Session: who we are, and that we live ------------------------------------------------------------


class _Session:
    """Enrols, registers, heartbeats; comes back by itself after the server was away, and stops
    when another process took the name over."""

    def __init__(self, claim, description, transport, held, on_pause, restart_listeners,
                 on_profile, on_lost):
        self._claim = claim
        self._description = description
        self._transport = transport
        self._held = held
        self._on_pause = on_pause
        self._restart_listeners = restart_listeners
        self._on_profile = on_profile
        self._on_lost = on_lost
        # Under `cellphone run` the wrapper measures the whole process tree; do not overwrite it.
        wrapper = os.environ.get("CELLPHONE_INSTANCE")
        self._usage = None if wrapper else _UsageMeter()
        self._instance = {
            # Says where the process runs, so that whoever finds its name taken can see whether it
            # still lives. The TypeScript client writes and reads the same form.
            "id": wrapper or f"{socket.gethostname()[:64]}:{os.getpid()}:{secrets.token_hex(8)}",
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "runtime": f"python {platform.python_version()}",
            "startedAtMs": round(time.time() * 1000),
        }
        self.agent_id = ""
        self.namespace = "default"
        self.paused = False
        self.quarantined = False
        self.gateway_url = None
        self._admin = False
        self._interval = 30.0
        self._acknowledged = []
        self._left_to_others = []  # commands the wrapper acts on
        self._closing = threading.Event()
        self._cut = threading.Event()  # ends the open heartbeat
        self._open_until = -math.inf
        self._recovery = threading.Lock()
        self._recoveries = 0
        self._thread = None

    def open(self, retry_for):
        if self._claim.namespace is not None:
            self._transport.headers["x-cellphone-namespace"] = self._claim.namespace
        if self._claim.enrolment is not None:
            self._enrol(retry_for)
        else:
            self._identify(retry_for)
            self._register(retry_for)
        self._beat(retry_for)
        self._thread = threading.Thread(
            target=self._beat_all, name="cellphone-heartbeat", daemon=True
        )
        self._thread.start()

    @property
    def sender_fields(self):
        """An admin key may act as any agent, and says on each call as which."""
        return {"senderId": self.agent_id} if self._admin else {}

    def wake(self):
        """Leases were taken: the open heartbeat must not outlast half of the shortest."""
        if self._open_until > time.monotonic() + self._held()[1] / 2:
            self._cut.set()
            self._transport.interrupt()

    def find_gateway(self):
        """Asks the server where its gateway is; None when it runs none."""
        me = self._transport.call("GET", "/api/v1/whoami")
        self.gateway_url = self._reachable(me.get("gatewayUrl"))
        return self.gateway_url

    def _reachable(self, gateway_url):
        """A gateway that names itself by loopback is where the server is, when that is
        elsewhere."""
        if not gateway_url:
            return None
        gateway = urllib.parse.urlsplit(gateway_url)
        server = urllib.parse.urlsplit(self._transport.base_url)
        elsewhere = _is_loopback(gateway.hostname) and not _is_loopback(server.hostname)
        host = server.hostname if elsewhere else gateway.hostname
        host = f"[{host}]" if ":" in host else host
        return f"{gateway.scheme}://{host}" + ("" if gateway.port is None else f":{gateway.port}")

    def close(self):
        self._stop()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(15)
        self._beat(0, left=True)

    def recover(self, error):
        """Registers again where the server does not know the agent, enrols again where it does
        not know the key. Callers at once share one recovery."""
        seen = self._recoveries
        with self._recovery:
            if seen == self._recoveries and not self._closing.is_set():
                self._recover_from(error)
                self._recoveries += 1

    def _recover_from(self, error):
        if error.status == 403:
            _log.warning("The server refuses %s: %s", self.agent_id, error)
            return
        key_gone = error.status == 401
        # Replaced or revoked: somebody meant it, and coming back would start a tug of war. Unknown:
        # the server's data is older than the key, so a new one is due.
        if key_gone and (self._claim.enrolment is None or error.code != "security.key_unknown"):
            self._stop()
            self._on_lost(error)
            return
        try:
            if key_gone:
                self._enrol(0)
            else:
                self._register(0)
            _log.info("Registered again as %s", self.agent_id)
        except CellphoneClientError as failure:
            if not failure.retryable:
                self._stop()
                self._on_lost(failure)

    def _stop(self):
        self._closing.set()
        self._cut.set()
        self._transport.interrupt()

    def _enrol(self, retry_for, replace=False):
        body = dict(self._description, name=self._claim.name, instance=self._instance)
        if replace:
            body["replace"] = True
        try:
            answer = self._transport.call(
                "POST", "/api/v1/enrol", body, retry_for=retry_for, key=self._claim.enrolment
            )
        except CellphoneClientError as error:
            if replace or not self._holder_is_dead(error):
                raise
            _log.info('Taking over "%s" from a process that has ended', self._claim.name)
            self._enrol(retry_for, replace=True)
            return
        self.agent_id = answer["agentId"]
        self.namespace = answer["namespace"]
        self._interval = answer["heartbeatIntervalMs"] / 1000
        self.gateway_url = self._reachable(answer.get("gatewayUrl"))
        self._transport.headers["authorization"] = f"Bearer {answer['key']}"

    def _holder_is_dead(self, error):
        """The name is held by a process of this machine which no longer lives: it crashed."""
        if error.code != "security.name_in_use":
            return False
        match = re.fullmatch(r"(.+):(\d+):[0-9a-f]{16}", str(error.details.get("instance")))
        if match is None or match.group(1) != self._instance["host"][:64]:
            return False
        pid = int(match.group(2))
        return pid == self._instance["pid"] or not _is_alive(pid)

    def _identify(self, retry_for):
        claim = self._claim
        self._transport.headers["authorization"] = f"Bearer {claim.key}"
        me = self._transport.call("GET", "/api/v1/whoami", retry_for=retry_for)
        self._admin = me["kind"] != "agent"
        self.gateway_url = self._reachable(me.get("gatewayUrl"))
        if not self._admin and claim.name is not None and claim.name != me["id"]:
            raise CellphoneClientError(
                f'The key belongs to agent "{me["id"]}", not to "{claim.name}"',
                "client.name_mismatch",
                remedy="Leave the name out, or use that agent's own key.",
            )
        if self._admin and claim.name is None:
            raise CellphoneClientError(
                "An admin key names no agent", "client.name_missing", remedy="Pass name=."
            )
        self.agent_id = claim.name if self._admin else me["id"]
        self.namespace = (claim.namespace if self._admin else me.get("namespace")) or "default"

    def _register(self, retry_for):
        """Registering replaces the whole description; what we do not say stays as the wrapper or
        an earlier registration has said it."""
        try:
            path = f"/api/v1/agents/{_quoted(self.agent_id)}"
            known = self._transport.call("GET", path, retry_for=retry_for)
        except CellphoneClientError as error:
            if error.status != 404:
                raise
            known = {}
        said_before = ("name", "kind", "version", "capabilities", "endpoint", "metadata")
        body = _given(**{field: known.get(field) for field in said_before})
        body.update(self._description, agentId=self.agent_id, instance=self._instance)
        self._transport.call("POST", "/api/v1/agents", body, retry_for=retry_for)

    def _beat(self, retry_for, left=False, wait=0.0, stop=None):
        """Returns whether the answer brought anything new."""
        acknowledged = list(self._acknowledged)
        body = _given(
            instanceId=self._instance["id"],
            process=self._usage.read() if self._usage else None,
            leases=self._held()[0] or None,
            ackCommands=acknowledged or None,
            left=left or None,
        )
        if wait > 0:
            body["waitMs"] = int(wait * 1000)
            body["knows"] = {
                "paused": self.paused,
                "quarantined": self.quarantined,
                "commands": self._left_to_others,
            }
        reply = self._transport.call(
            "POST", self._heartbeat_path, body, timeout=wait + 10, retry_for=retry_for, stop=stop
        )
        self._acknowledged = [each for each in self._acknowledged if each not in acknowledged]
        return self._obey(reply)

    @property
    def _heartbeat_path(self):
        return f"/api/v1/agents/{_quoted(self.agent_id)}/heartbeat"

    def _obey(self, reply):
        self._interval = reply["intervalMs"] / 1000
        quarantined = reply.get("quarantined", False)
        news = (self.paused, self.quarantined) != (reply["paused"], quarantined)
        left = []
        for command in reply.get("commands", []):
            if command["id"] in self._acknowledged:
                continue
            news = news or command["id"] not in self._left_to_others
            if command["kind"] == "restart" and not self._restart_listeners:
                left.append(command["id"])
                continue
            self._acknowledged.append(command["id"])
            self._carry_out(command)
        self._left_to_others = left
        self.quarantined = quarantined
        if self.paused != reply["paused"]:
            self.paused = reply["paused"]
            self._on_pause(self.paused)
        return news

    def _carry_out(self, command):
        if command["kind"] == "profile":
            self._on_profile(command["profile"])
        elif command["kind"] == "restart":
            self._acknowledge()
            for listener in list(self._restart_listeners):
                try:
                    listener()
                except Exception:
                    _log.exception("A listener for restarts failed")

    def _acknowledge(self):
        """At once, because what comes next may end this process: its successor would find the
        same order and end as well. What cannot be told now goes with the next heartbeat."""
        told = list(self._acknowledged)
        body = {"instanceId": self._instance["id"], "ackCommands": told}
        try:
            self._transport.call("POST", self._heartbeat_path, body, timeout=5, retry_for=0)
        except CellphoneClientError as error:
            _log.debug("Not acknowledged yet: %s", error)
            return
        self._acknowledged = [each for each in self._acknowledged if each not in told]

    def _beat_all(self):
        """Keeps one heartbeat open, so that orders arrive at once; each counts when it is sent."""
        failures = 0
        while not self._closing.is_set():
            # A lease shorter than the interval is extended in time, twice.
            period = min(self._interval, self._held()[1] / 3)
            wait = min(_WAIT_MAX_S, period * _WAIT_SHARE)
            sent = time.monotonic()
            self._cut = threading.Event()
            if self._closing.is_set():
                return
            try:
                self._open_until = sent + wait
                news = self._beat(0, wait=wait, stop=self._cut)
                failures = 0
                # A server that drains answers early, without news.
                early = sent + min(_SPACING_S, wait) - time.monotonic()
                if not news and early > 0:
                    self._closing.wait(early)
                continue
            except CellphoneClientError as error:
                if self._closing.is_set():
                    return
                if self._cut.is_set():
                    continue
                failures += 1
                if error.status in (401, 403, 404):
                    self.recover(error)
                elif error.code != "client.unreachable":
                    _log.warning("Heartbeat refused: %s", error)
            except Exception:  # a listener's own error must not end the heartbeat
                failures += 1
                _log.exception("Heartbeat failed")
            finally:
                self._open_until = -math.inf
            self._closing.wait(_backoff(failures))


def _is_loopback(host):
    return host in ("localhost", "::1") or str(host).startswith("127.")


# Background sending: samples, spans and progress --------------------------------------------------


class _Outbox:
    """What was recorded and is not sent yet: bounded, the oldest given up first and counted."""

    def __init__(self, transport, agent_id, capacity, path, noun, name_of):
        self._transport = transport
        self._agent_id = agent_id
        self._capacity = capacity
        self._path = path
        self._noun = noun
        self._name_of = name_of
        self._items = collections.deque()
        self._lock = threading.Lock()
        self._flushing = threading.Lock()
        self._told = set()
        self.shed = 0

    @property
    def waiting(self):
        return len(self._items)

    def add(self, item):
        with self._lock:
            if len(self._items) >= self._capacity:
                self._items.popleft()
                self.shed += 1
            self._items.append(item)

    def flush(self):
        with self._flushing:
            while self._items:
                with self._lock:
                    count = min(_BATCH, len(self._items))
                    batch = [self._items.popleft() for _ in range(count)]
                batch, texts = self._encoded(batch)
                try:
                    if batch:
                        self._send(batch, texts)
                except CellphoneClientError as error:
                    self._after_failure(batch, error)
                    return
                except Exception as error:  # an answer this client does not understand
                    _log.warning("What became of %d %s is not known: %s: %s", len(batch),
                                 self._noun, type(error).__name__, error)

    def close(self):
        self.flush()
        if self.waiting + self.shed > 0:
            _log.warning("%d %s were not delivered", self.waiting + self.shed, self._noun)

    def _encoded(self, batch):
        """The items that are JSON, and their JSON; another is given up, and it alone."""
        agent_id = self._agent_id()
        kept, texts = [], []
        for item in batch:
            try:
                texts.append(_encode(dict(item, agentId=agent_id)))
                kept.append(item)
            except Exception as error:  # whatever a value's own methods raise
                self.shed += 1
                self._tell_once(self._name_of(item), "cannot be sent", error)
        return kept, texts

    def _send(self, batch, texts):
        answer = self._transport.call(
            "POST",
            self._path,
            encoded=b'{"%s":[%s]}' % (self._noun.encode(), b",".join(texts)),
            timeout=10,
            retry_for=0,
            repeatable=False,
        )
        for refusal in answer.get("rejected", []):
            self.shed += 1
            name = self._name_of(batch[refusal["index"]])
            self._tell_once(name, "is refused", refusal.get("detail"))

    def _after_failure(self, batch, error):
        """Kept only when they surely did not arrive: counted twice is worse than a gap."""
        if error.status in (401, 429, 503) or error.not_sent:
            with self._lock:
                room = max(0, self._capacity - len(self._items))
                self.shed += max(0, len(batch) - room)
                self._items.extendleft(reversed(batch[len(batch) - room :] if room else []))
            return
        self.shed += len(batch)
        # A refusal on principle (a quarantine) is told once, not with every second's batch.
        if error.status == 403:
            self._tell_once(self._noun, "are not delivered", error.message)
        else:
            _log.warning("%d %s were not delivered: %s", len(batch), self._noun, error.message)

    def _tell_once(self, subject, what, why):
        if len(self._told) < 1000 and subject not in self._told:
            self._told.add(subject)
            _log.warning("%s %s: %s", subject, what, why)


class _Courier:
    """One thread that sends samples and spans each second and the newest progress reports."""

    def __init__(self, transport, agent_id, capacity):
        self.samples = _Outbox(
            transport, agent_id, capacity, "/api/v1/metrics", "samples",
            lambda sample: f'Metric "{sample["metric"]}"',
        )
        self.spans = _Outbox(
            transport, agent_id, capacity, "/api/v1/spans", "spans",
            lambda span: f'Span "{span["name"]}"',
        )
        self._lock = threading.Lock()
        self._dirty = set()
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._flush_at = 0.0
        self._thread = None
        self.abandoned = False  # in a forked child: what it still says is dropped

    def record(self, metric, value, context, metadata):
        if not isinstance(metric, str) or metric == "":
            raise TypeError("A metric needs a name")
        if not isinstance(value, (int, float)) or not math.isfinite(value):
            raise ValueError(f'Metric "{metric}" takes a finite number, not {value}')
        trace = _parse_traceparent((_context.get() or _NO_CONTEXT).traceparent)
        metadata = _copied(metadata)
        if trace is not None:
            metadata = dict({"traceId": trace.trace_id}, **(metadata or {}))
        sample = _given(metric=metric, value=value, context=_copied(context), metadata=metadata)
        sample["atMs"] = round(time.time() * 1000)
        self.samples.add(sample)
        self._ensure_thread()

    def finished(self, span):
        if self.abandoned:
            return
        self.spans.add(span)
        self._ensure_thread()

    def report(self, reporter):
        with self._lock:
            self._dirty.add(reporter)
        self._ensure_thread()
        self._wake.set()

    def close(self):
        self._closing.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(15)
        self.samples.close()
        self.spans.close()

    def _ensure_thread(self):
        if self._thread is not None:
            return
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="cellphone-courier", daemon=True
                )
                self._thread.start()

    def _run(self):
        failures = 0
        self._flush_at = time.monotonic() + _FLUSH_S
        while not self._closing.is_set():
            try:
                self._round()
                failures = 0
            except Exception:  # without this thread nothing would be sent ever again
                failures += 1
                _log.exception("Sending samples, spans and progress failed; going on")
                self._closing.wait(_backoff(failures))

    def _round(self):
        self._wake.wait(max(0.0, self._flush_at - time.monotonic()))
        self._wake.clear()
        with self._lock:
            dirty, self._dirty = self._dirty, set()
        for reporter in dirty:
            reporter.send()
        if time.monotonic() >= self._flush_at:
            self._flush_at = time.monotonic() + _FLUSH_S
            self.samples.flush()
            self.spans.flush()
        if dirty:
            self._closing.wait(_PROGRESS_SPACING_S)


class _Reporter:
    """Keeps the newest progress report of one piece of work until it is sent."""

    def __init__(self, courier, send):
        self._courier = courier
        self._send = send
        self._pending = {}
        self._lock = threading.Lock()
        self._stopped = False

    def report(self, progress, note):
        update = _checked_report(progress, note)
        if self._stopped or self._courier.abandoned:
            return
        self._pending = dict(self._pending, **update)
        self._courier.report(self)

    def send(self):
        if self._courier.abandoned:
            return
        with self._lock:
            update, self._pending = self._pending, {}
            if not update:
                return
            try:
                self._send(update)
            except CellphoneClientError:
                pass  # a lost progress report harms nobody

    def stop(self):
        self._stopped = True
        self.send()


# Spans ------------------------------------------------------------------------------------------


class Span:
    """A timed step of an agent's work: `with phone.span("read the index", kind="tool"):`. It
    belongs to the trace of the message being handled and to the span around it; an exception makes
    it fail. `trace_id`, `span_id` and `traceparent` name it to others."""

    def __init__(self, courier, name, kind, context, parent):
        if not isinstance(name, str) or name == "":
            raise TypeError("A span needs a name")
        around = parent.traceparent if parent else (_context.get() or _NO_CONTEXT).traceparent
        above = _parse_traceparent(around)
        trace = (above or _new_trace())._replace(span_id=secrets.token_hex(8))
        self._courier = courier
        self._fields = _given(
            name=name[:256],
            kind=str(kind)[:64],
            parentSpanId=None if above is None else above.span_id,
            context=_copied(context),
        )
        self._entered = None
        self._error = None
        self._started = None
        self._ended = False
        self.name = name
        self.trace_id = trace.trace_id
        self.span_id = trace.span_id
        self.traceparent = _format_traceparent(trace)

    def fail(self, error: Any) -> None:
        """It went wrong, although no exception leaves it."""
        self._error = (str(error) or type(error).__name__)[:2000]

    def __enter__(self):
        outer = _context.get() or _NO_CONTEXT
        self._entered = _enter(outer._replace(traceparent=self.traceparent))
        self._started = (time.time(), time.perf_counter())
        return self

    def __exit__(self, kind, error, traceback):
        if error is not None:
            self.fail(error)
        if not self._ended and self._started is not None:
            self._ended = True
            self._record()
        if self._entered is not None:
            _leave(self._entered)
            self._entered = None
        return False

    def _record(self):
        began, tick = self._started
        self._courier.finished(
            dict(
                self._fields,
                traceId=self.trace_id,
                spanId=self.span_id,
                startMs=round(began * 1000, 3),
                durationMs=round((time.perf_counter() - tick) * 1000, 3),
                ok=self._error is None,
                **_given(error=self._error),
            )
        )


# Calls to services --------------------------------------------------------------------------------


class GatewayResponse:
    """A service's answer, whatever its status; its body is read as it comes: `read()`, `text()`,
    `json()`, or line by line in a `for`. Close it, or use it with `with`."""

    def __init__(self, connection, response, body=None):
        self._connection = connection
        self._response = response
        self._body = body
        self.status = response.status
        self.headers = response.headers

    @property
    def ok(self):
        return 200 <= self.status < 300

    def read(self, size=None):
        """Bytes of the body: all that is left, or at most `size`."""
        if self._body is not None:
            data, self._body = self._body, b""
            return data
        return self._response.read() if size is None else self._response.read1(size)

    def text(self):
        return self.read().decode(self.headers.get_content_charset() or "utf-8", "replace")

    def json(self):
        return json.loads(self.read())

    def __iter__(self):
        if self._body is not None:
            yield from self.read().splitlines(keepends=True)
            return
        while True:
            line = self._response.readline()
            if not line:
                return
            yield line

    def close(self):
        # Closing the connection too: what is left of a stream must not be waited for.
        self._response.close()
        self._connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
        return False


class _GatewayLine:
    """Calls services through the gateway: with the agent's key, in the current trace. What the
    service answers is passed on; only the gateway's own refusals become errors."""

    def __init__(self, transport, session):
        self._transport = transport
        self._session = session

    def fetch(self, path, method, json_body, body, headers, timeout, retry_for,
              repeatable=False):
        if not path.startswith("/"):
            raise ValueError(f'A service\'s path starts with /, not "{path}"')
        until = time.monotonic() + retry_for
        sent = self._headers(headers)
        if json_body is not None:
            body = _encode(json_body)
            sent.setdefault("content-type", "application/json")
        method = method or ("GET" if body is None else "POST")
        failures = 0
        while True:
            try:
                return self._once(method, path, body, sent, timeout)
            except CellphoneClientError as error:
                failures += 1
                delay = _backoff(failures, error.retry_after)
                if time.monotonic() + delay > until:
                    raise
                if not _may_call_again(error, method, body, repeatable):
                    raise
                if self._transport.closing.wait(delay):
                    raise

    def _headers(self, headers):
        sent = {name.lower(): value for name, value in (headers or {}).items()}
        ours = self._transport.headers
        # Not as "authorization", which stays the caller's own.
        sent.setdefault("x-cellphone-key", ours.get("authorization", "")[len("Bearer ") :])
        if "x-cellphone-namespace" in ours:
            sent.setdefault("x-cellphone-namespace", ours["x-cellphone-namespace"])
        sent.setdefault("user-agent", ours["user-agent"])
        if "traceparent" not in sent:
            trace = _parse_traceparent((_context.get() or _NO_CONTEXT).traceparent) or _new_trace()
            sent["traceparent"] = _format_traceparent(trace)
        return sent

    def _once(self, method, path, body, headers, timeout):
        known = self._session.gateway_url
        base = known or self._find_gateway()
        try:
            return self._send(base, method, path, body, headers, timeout)
        except CellphoneClientError as error:
            # The server may have come back with its gateway elsewhere.
            if known is None or not error.not_sent:
                raise
            try:
                now = self._session.find_gateway()
            except CellphoneClientError:
                now = known
            if now == known:
                raise
            return self._send(now, method, path, body, headers, timeout)

    def _find_gateway(self):
        try:
            return self._session.find_gateway()
        except CellphoneClientError as error:
            error.not_sent = True  # what was asked for never left, whatever became of the question
            raise

    def _send(self, base, method, path, body, headers, timeout):
        if base is None:
            raise CellphoneClientError(
                "This server runs no gateway", "client.no_gateway",
                remedy="Turn the gateway on (gateway.enabled), or call the service itself.",
            )
        parts = urllib.parse.urlsplit(base)
        connection = _connection_to(
            parts.scheme == "https", parts.hostname, parts.port, timeout, self._transport._tls
        )
        sent = False
        try:
            connection.connect()
            sent = True
            connection.request(method, path, body=body, headers=headers)
            response = connection.getresponse()
            return self._judge(connection, response, f"{method} {path}")
        except (OSError, http.client.HTTPException) as cause:
            connection.close()
            reason = str(cause) or type(cause).__name__
            raise CellphoneClientError(
                f"The gateway at {base} does not answer: {reason}", "client.unreachable",
                remedy="Start the server with `npm start`.", retryable=True, not_sent=not sent,
            ) from cause

    def _judge(self, connection, response, call):
        content_type = response.getheader("content-type") or ""
        if response.status < 400 or not content_type.startswith("application/problem+json"):
            return GatewayResponse(connection, response)
        text = response.read()
        connection.close()
        try:
            _read_answer(response, text, call)
        except CellphoneClientError as error:
            if error.code.startswith("gateway."):
                raise
        return GatewayResponse(connection, response, text)


# Doing it twice is as good as once (RFC 9110, 9.2.2).
_IDEMPOTENT = frozenset(("GET", "HEAD", "OPTIONS", "PUT", "DELETE"))
#: The gateway says these before it hands a call to a service.
_NOT_EXECUTED = frozenset(
    "gateway." + refusal
    for refusal in (
        "agent_paused",
        "closed",
        "no_endpoint",
        "rate_limited",
        "service_busy",
        "too_many_calls",
    )
)


def _may_call_again(error, method, body, repeatable):
    """Whether a failed call may be made again: what a service does twice may be paid twice."""
    if not error.retryable or not (body is None or isinstance(body, (bytes, str))):
        return False
    unharmed = error.not_sent or error.code in _NOT_EXECUTED
    return unharmed or repeatable or method.upper() in _IDEMPOTENT


# Profiles -----------------------------------------------------------------------------------------


class _Profiler:
    """Carries out orders to take a profile of this process, one at a time; nothing that goes wrong
    here reaches the agent's code, and whoever asked is told what did."""

    def __init__(self, transport):
        self._transport = transport
        self._busy = threading.Lock()
        self._closing = threading.Event()
        self._thread = None

    def take(self, order):
        """Begins, in a thread of its own; the result goes to the server by itself."""
        self._thread = threading.Thread(
            target=self._run, args=(order,), name="cellphone-profile", daemon=True
        )
        self._thread.start()

    def close(self):
        """Breaks off what is being taken."""
        self._closing.set()
        thread = self._thread
        if thread is not None:
            thread.join(10)

    def _run(self, order):
        path = f"/api/v1/profiles/{_quoted(order['profileId'])}"
        try:
            if not self._busy.acquire(blocking=False):
                self._fail(path, "another profile of this agent is being taken")
                return
            try:
                self._take(path, order)
            finally:
                self._busy.release()
        except Exception:
            _log.debug("Profile %s", order["profileId"], exc_info=True)

    def _take(self, path, order):
        runtime = {"runtime": f"python {platform.python_version()}"}
        try:
            self._transport.call("POST", f"{path}/started", runtime, retry_for=0)
        except CellphoneClientError as error:
            _log.debug("Nobody waits for profile %s any longer: %s", order["profileId"], error)
            return
        try:
            take = _sample_heap if order["kind"] == "heap" else _sample_cpu
            profile = take(order["seconds"], self._closing)
            if self._closing.is_set():
                raise RuntimeError("the agent left while it was taken")
            data = _encode(profile)
            if len(data) > _PROFILE_BYTES_MAX:
                raise RuntimeError("the profile has more than 32 MiB")
            self._transport.call(
                "PUT", f"{path}/data", gzipped=gzip.compress(data, 6), timeout=60, retry_for=10
            )
        except Exception as error:
            self._fail(path, f"the agent's runtime could not take it: {_note(error)}")

    def _fail(self, path, reason):
        self._transport.call(
            "POST", f"{path}/failed", {"reason": reason[:500]}, timeout=5, retry_for=0
        )


_SAMPLE_S = 0.01
_SWITCH_S = 0.0005
_GLANCE_S = 0.0005  # between two looks at what a thread has computed
_GLANCE_CPU_US = 50
_STACK_MAX = 128
_NODES_MAX = 50_000
#: Where a thread waits, when the system does not tell how much it computes.
_IDLE_FILES = ("threading.py", "selectors.py", "socket.py", "ssl.py", "queue.py", "subprocess.py")
_OWN_THREADS = "cellphone-"


class _CpuTree:
    """Stacks as the nodes of a V8 .cpuprofile (DevTools protocol, type Profiler.Profile)."""

    def __init__(self):
        self.nodes = []
        self._ids = {}
        self.root = self._node(None, "(root)", "", -1)
        self.idle = self._node(self.root, "(idle)", "", -1)

    def of_stack(self, thread_name, stack):
        """The node of the innermost frame."""
        node = self._node(self.root, f"thread {thread_name}", "", -1)
        for code, _ in reversed(stack):
            name = getattr(code, "co_qualname", code.co_name)
            node = self._node(node, name, code.co_filename, code.co_firstlineno - 1)
        line = stack[0][1]
        ticks = node["positionTicks"]
        ticks[line] = ticks.get(line, 0) + 1
        return node

    def _node(self, parent, name, url, line):
        key = (None if parent is None else parent["id"], name, url, line)
        node = self._ids.get(key)
        if node is not None:
            return node
        if len(self.nodes) >= _NODES_MAX:
            return parent
        node = {
            "id": len(self.nodes) + 1,
            "callFrame": {
                "functionName": name,
                "scriptId": "0",
                "url": url,
                "lineNumber": line,
                "columnNumber": -1 if line < 0 else 0,
            },
            "hitCount": 0,
            "children": [],
            "positionTicks": {},
        }
        self.nodes.append(node)
        self._ids[key] = node
        if parent is not None:
            parent["children"].append(node["id"])
        return node

    def to_json(self, samples, weights, start):
        """A viewer gives a sample the time until the next one is taken, the last one until the
        end; what a sample weighs is therefore the delta of the one after it."""
        for node in self.nodes:
            ticks = node["positionTicks"]
            node["positionTicks"] = [
                {"line": line, "ticks": count} for line, count in sorted(ticks.items())
            ]
        return {
            "nodes": self.nodes,
            "startTime": start,
            "endTime": start + sum(weights),
            "samples": samples,
            "timeDeltas": ([0] + weights)[: len(weights)],
        }


def _sample_cpu(seconds, stop):
    """Samples all threads' stacks 100 times a second. Where the system tells (Linux), stacks count
    for the CPU time their thread used, so that threads that wait do not count; elsewhere for the
    time gone by, unless the thread waits in a known place."""
    samples = _CpuSamples()
    until = time.monotonic() + seconds
    # A thread that computes must hand over soon: with Python's own 5 ms, short computations would
    # mostly be met where they end, in the wait that follows.
    interval = sys.getswitchinterval()
    sys.setswitchinterval(min(interval, _SWITCH_S))
    try:
        while time.monotonic() < until and not stop.wait(_SAMPLE_S):
            samples.look()
    finally:
        sys.setswitchinterval(interval)
    return samples.to_json()


class _CpuSamples:
    """What was seen so far. A stack gets the CPU time its thread has used since it was last met
    computing: most stacks are met in a wait, and what was computed before it was not the wait's."""

    def __init__(self):
        self._tree = _CpuTree()
        self._samples = []
        self._weights = []
        self._counted = {}  # CPU time of each thread that stands under some stack already
        self._last_met = {}
        self._idle = 0
        self._start = time.time_ns() // 1000
        self._last = time.perf_counter_ns()

    def look(self):
        frames = sys._current_frames()
        now = time.perf_counter_ns()
        gone, self._last = (now - self._last) // 1000, now
        self._idle += gone
        met = []
        for thread in threading.enumerate():
            frame = frames.get(thread.ident)
            if frame is not None and not _is_own(thread):
                stack = _stack_of(frame)
                used = _cpu_time(thread.native_id)
                met.append((thread.native_id, thread.ident, thread.name, stack, used))
        frames = frame = None  # they hold on to everybody's locals
        began = time.perf_counter_ns()
        if any(used is not None for *_, used in met):
            time.sleep(_GLANCE_S)
        glance = (time.perf_counter_ns() - began) // 1000
        after = {ident: frame.f_code for ident, frame in sys._current_frames().items()}
        for thread_id, ident, name, stack, used in met:
            if used is None:
                if os.path.basename(stack[0][0].co_filename) not in _IDLE_FILES:
                    self._add(name, stack, gone)
                continue
            counted = self._counted.setdefault(thread_id, used)
            self._last_met[thread_id] = (name, stack, used)
            gain = (_cpu_time(thread_id) or used) - used
            # It goes on as soon as it may, where it was: it was computing when it was met.
            stayed = after.get(ident) is stack[0][0] or gain >= 0.8 * glance
            if stayed and gain >= _GLANCE_CPU_US and used > counted:
                self._counted[thread_id] = used
                self._add(name, stack, used - counted)
        if self._idle > 0:
            self._append(self._tree.idle, self._idle)
            self._idle = 0

    def to_json(self):
        for thread_id, (name, stack, used) in self._last_met.items():
            if used > self._counted[thread_id]:
                self._add(name, stack, used - self._counted[thread_id])
        return self._tree.to_json(self._samples, self._weights, self._start)

    def _add(self, name, stack, weight):
        self._idle -= weight
        self._append(self._tree.of_stack(name, stack), weight)

    def _append(self, node, weight):
        node["hitCount"] += 1
        self._samples.append(node["id"])
        self._weights.append(weight)


def _stack_of(frame):
    """Code and line of each frame, the innermost first."""
    stack = []
    while frame is not None and len(stack) < _STACK_MAX:
        stack.append((frame.f_code, frame.f_lineno))
        frame = frame.f_back
    return stack


def _cpu_time(thread_id):
    """Microseconds a thread has spent on a CPU, where the system tells (Linux)."""
    try:
        # Nanoseconds, the first field (Documentation/scheduler/sched-stats.rst).
        with open(f"/proc/self/task/{thread_id}/schedstat", "rb") as file:
            return int(file.read().split()[0]) // 1000
    except (OSError, ValueError, IndexError):
        return None


def _is_own(thread):
    """The phone's own threads are no part of the agent; those that run handlers are."""
    return thread.name.startswith(_OWN_THREADS) and not thread.name.startswith(
        (_HANDLER_THREAD, "cellphone-call")
    )


def _sample_heap(seconds, stop):
    """What was allocated meanwhile and is still in use, by the lines that asked for it, as a V8
    sampling heap profile. Allocating is slower while it runs."""
    import tracemalloc  # rarely needed, and not everywhere

    ours = not tracemalloc.is_tracing()
    if ours:
        tracemalloc.start(16)
    try:
        stop.wait(seconds)
        snapshot = tracemalloc.take_snapshot()
    finally:
        if ours:
            tracemalloc.stop()
    snapshot = snapshot.filter_traces(
        (
            tracemalloc.Filter(False, tracemalloc.__file__, all_frames=True),
            tracemalloc.Filter(False, __file__, all_frames=False),
        )
    )
    head = _heap_node(0, "(root)", "", 0)
    nodes, samples, ids = {}, [], 0
    for statistic in snapshot.statistics("traceback"):
        node, key = head, ()
        for frame in statistic.traceback:
            key += ((frame.filename, frame.lineno),)
            child = nodes.get(key)
            if child is None:
                if ids >= _NODES_MAX:
                    break
                ids += 1
                name = f"{os.path.basename(frame.filename)}:{frame.lineno}"
                child = nodes[key] = _heap_node(ids, name, frame.filename, frame.lineno - 1)
                node["children"].append(child)
            node = child
        node["selfSize"] += statistic.size
        # One for all objects of one stack, where V8 has one for each; hence `count`, our own field.
        samples.append(
            {
                "size": statistic.size,
                "count": statistic.count,
                "nodeId": node["id"],
                "ordinal": len(samples) + 1,
            }
        )
    return {"head": head, "samples": samples}


def _heap_node(number, name, url, line):
    frame = {
        "functionName": name,
        "scriptId": "0",
        "url": url,
        "lineNumber": line,
        "columnNumber": 0,
    }
    return {"callFrame": frame, "selfSize": 0, "id": number, "children": []}


# Messages, deliveries, work -----------------------------------------------------------------------


class SendReceipt(NamedTuple):
    """What became of a send; `duplicate` when its dedupe key had been accepted before."""

    message_id: str
    delivery_id: str
    duplicate: bool
    recipient_online: bool


class Message:
    """A message: `id`, `type`, `payload`, `sender_id`, `recipient_id`, `priority`,
    `conversation_id`, `reply_to_id`, `expects_reply`, `task`, `traceparent`, `accepted_at_ms`."""

    def __init__(self, wire, phone=None, delivery=None):
        self._phone = phone
        self._delivery = delivery
        self.id = wire["id"]
        self.namespace = wire["namespace"]
        self.sender_id = wire["senderId"]
        self.recipient_id = wire["recipientId"]
        self.type = wire["type"]
        self.payload = wire["payload"]
        self.priority = wire["priority"]
        self.conversation_id = wire["conversationId"]
        self.reply_to_id = wire["replyToId"]
        self.expects_reply = wire["expectsReply"]
        self.ordering_key = wire["orderingKey"]
        self.dedupe_key = wire["dedupeKey"]
        self.traceparent = wire["traceparent"]
        self.task = wire["task"]
        self.accepted_at_ms = wire["acceptedAtMs"]

    def __repr__(self):
        return f"<Message {self.id} {self.type} from {self.sender_id}>"

    def reply(self, payload: Json = None, type: str = "direct", **options: Any) -> SendReceipt:
        """Answers the sender, within the same conversation; options as in `send`."""
        if self._delivery is not None:
            self._delivery.replied = True
        options.setdefault("conversation_id", self.conversation_id)
        return self._phone.send(self.sender_id, type, payload, reply_to_id=self.id, **options)


class Delivery:
    """One copy of a message, held under a lease while its handler runs."""

    def __init__(self, claimed, phone, send):
        self._phone = phone
        self.id = claimed["deliveryId"]
        self.task_id = claimed["taskId"]
        self.replied = False
        # Set when the phone closes and cannot wait for the handler any longer.
        self.aborted = threading.Event()
        self._claimed = claimed
        self._reporter = _Reporter(phone._courier, lambda update: send(self.token, update))

    @property
    def token(self):
        """The lease's token; a later one when the message was handed out again meanwhile."""
        return self._claimed["token"]

    @property
    def attempt(self):
        """How often the message has been handed out, from 1."""
        return self._claimed["attempt"]

    @property
    def lease_seconds(self):
        return self._claimed["leaseMs"] / 1000

    def progress(self, progress: Optional[float] = None, note: Optional[str] = None) -> None:
        """Says how far the work is (0 to 1); counts as output. Only the newest is sent."""
        self._reporter.report(progress, note)

    def span(
        self, name: str, kind: str = "scope", context: Optional[Dict[str, Json]] = None
    ) -> Span:
        """A timed step of this work; see `Phone.span`."""
        return self._phone.span(name, kind, context)

    def fetch(self, path: str, **options: Any) -> GatewayResponse:
        """Calls a service; see `Phone.fetch`."""
        return self._phone.fetch(path, **options)

    def _adopt(self, claimed):
        self._claimed = claimed


class Work:
    """A piece of work the agent gives itself. As a context manager it completes when the block
    ends and fails when the block raises; a server that cannot be told is no error of the block.
    What is sent, called and timed in it is one trace, which goes on in `traceparent`: that of the
    message being handled or the step around it, or a new one."""

    def __init__(self, phone, task, traceparent):
        self._phone = phone
        self._path = f"/api/v1/tasks/{_quoted(task['id'])}"
        self._reporter = _Reporter(phone._courier, self._report)
        self._lock = threading.Lock()
        self._entered = None
        self.id = task["id"]
        self.title = task["title"]
        self.traceparent = traceparent
        self.ended = False

    def progress(self, progress: Optional[float] = None, note: Optional[str] = None) -> None:
        """Says how far it is (0 to 1); counts as output. Only the newest is sent."""
        self._reporter.report(progress, note)

    def done(self, result: Json = None) -> None:
        """It is complete."""
        self._end(_given(state="completed", result=result))

    def fail(self, error: Any) -> None:
        """It failed; an exception's message becomes the note."""
        self._end({"state": "failed", "note": _note(error)})

    def cancel(self, note: Optional[str] = None) -> None:
        """It is no longer wanted."""
        self._end(_given(state="canceled", note=note))

    def span(
        self, name: str, kind: str = "scope", context: Optional[Dict[str, Json]] = None
    ) -> Span:
        """A timed step of this work; see `Phone.span`."""
        return self._within(self._phone.span, name, kind, context)

    def fetch(self, path: str, **options: Any) -> GatewayResponse:
        """Calls a service; see `Phone.fetch`."""
        return self._within(self._phone.fetch, path, **options)

    def _context(self):
        outer = _context.get() or _NO_CONTEXT
        return outer._replace(task_id=self.id, traceparent=self.traceparent)

    def _within(self, call, *arguments, **options):
        """In the work's trace, also where no block of it is around the call."""
        here = _parse_traceparent((_context.get() or _NO_CONTEXT).traceparent)
        if here is not None and here.trace_id == _parse_traceparent(self.traceparent).trace_id:
            return call(*arguments, **options)
        entered = _enter(self._context())
        try:
            return call(*arguments, **options)
        finally:
            _leave(entered)

    def __enter__(self):
        self._entered = _enter(self._context())
        return self

    def __exit__(self, kind, error, traceback):
        if self._entered is not None:
            _leave(self._entered)
            self._entered = None
        try:
            if kind is None:
                self.done()
            else:
                self.fail(error or kind.__name__)
        except Exception as failure:
            _not_told(self, failure)
        return False

    def _report(self, update):
        self._phone.call("PATCH", self._path, update, retry_for=0)

    def _end(self, ending):
        """The first ending counts."""
        with self._lock:
            if self.ended:
                return
            self.ended = True
        self._reporter.stop()
        try:
            self._phone.call("PATCH", self._path, ending)
        except CellphoneClientError as error:
            # It has ended: by an earlier try whose answer got lost, or by somebody else.
            if error.code != "communication.task_ended":
                raise
        finally:
            self._phone._open_work.discard(self.id)


def _not_told(work, failure):
    """At the end of a block: neither its own error nor what it has done may be lost for this."""
    _log.warning('The end of work "%s" could not be reported: %s', work.title, failure)


class AgentInfo:
    """An agent as the server sees it: `id`, `name`, `kind`, `capabilities`, `status` (what it
    says), `state` (what is seen), `paused`, `metadata`; `raw` holds the whole answer."""

    def __init__(self, wire):
        self.raw = wire
        self.id = wire["id"]
        self.name = wire["name"]
        self.kind = wire["kind"]
        self.capabilities = tuple(wire["capabilities"])
        self.status = wire["status"]
        self.state = wire["presence"]["state"]
        self.paused = wire["paused"] is not None
        self.metadata = wire["metadata"]

    def __repr__(self):
        return f"<AgentInfo {self.id} {self.state}>"


# Inbox ------------------------------------------------------------------------------------------


class _Inbox:
    """Claims by long poll, runs handlers side by side, settles. A handler runs once per delivery
    in this process even when leases are lost (a restarted server voids them): a message handed out
    again while its handler runs goes on under the new lease, and one whose handler has ended is
    settled with the outcome it had."""

    def __init__(self, phone, concurrency, poll, invoke):
        self._phone = phone
        self._transport = phone._transport
        self._concurrency = concurrency
        self._poll = poll
        self._invoke = invoke
        self._handlers = {}
        self._running = {}
        self._outcomes = _Remembered(_OUTCOMES_MAX)
        self._abandoned = set()
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._thread = None
        self._started = False

    def on(self, type, handler):
        with self._changed:
            if type in self._handlers:
                raise TypeError(f'"{type}" has a handler already')
            self._handlers[type] = handler
            started = self._started
        if started:
            self.start()

    def start(self):
        """Claims as soon as there is a handler: without one, mail is better left alone."""
        with self._changed:
            self._started = True
            if self._thread is not None or not self._handlers:
                return
            self._thread = threading.Thread(
                target=self._claim_all, name="cellphone-inbox", daemon=True
            )
            self._thread.start()

    def runs(self, delivery):
        """Whether a delivery's handler runs here and now."""
        with self._changed:
            return delivery is not None and self._running.get(delivery.id) is delivery

    def held(self):
        """Tokens of the leases held, and the shortest of these leases in seconds."""
        with self._changed:
            deliveries = list(self._running.values())
        shortest = min((delivery.lease_seconds for delivery in deliveries), default=math.inf)
        return [delivery.token for delivery in deliveries], shortest

    def close(self, drain):
        """Claims nothing more and waits for the handlers that run; those that do not end in time
        are abandoned and their messages handed back."""
        self._closing.set()
        self._transport.interrupt()
        with self._changed:
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(self._poll + 20)
        with self._changed:
            self._changed.wait_for(lambda: not self._running, drain)
            left = list(self._running.values())
            self._abandoned.update(delivery.id for delivery in left)
        for delivery in left:
            delivery.aborted.set()
            body = {
                "token": delivery.token,
                "delayMs": 0,
                "note": "the agent closed before it was done",
            }
            try:
                self._transport.call("POST", "/api/v1/leases/retry", body, timeout=5, retry_for=0)
            except CellphoneClientError as error:
                _log.warning("Handing back failed: %s", error.message)

    def _claim_all(self):
        failures = 0
        while not self._closing.is_set():
            with self._changed:
                free = self._concurrency - len(self._running)
                if free <= 0:
                    self._changed.wait()
                    continue
            started = time.monotonic()
            try:
                messages = self._claim(free)
                self._take_all(messages)
                failures = 0
                if messages:
                    self._phone._session.wake()
                elif time.monotonic() - started < _EMPTY_POLL_S:
                    self._closing.wait(_EMPTY_POLL_S)
            except CellphoneClientError as error:
                failures += 1
                if not self._closing.is_set():
                    self._after_failure(error, failures)
            except Exception:  # without this thread no message would be handled ever again
                failures += 1
                _log.exception("Claiming failed; going on")
                self._closing.wait(_backoff(failures))

    def _claim(self, free):
        path = f"/api/v1/inbox/{_quoted(self._phone.agent_id)}/claim"
        body = {"max": free, "waitMs": round(self._poll * 1000)}
        answer = self._transport.call(
            "POST", path, body, timeout=self._poll + 15, retry_for=0, stop=self._closing
        )
        return answer["messages"]

    def _after_failure(self, error, failures):
        if error.status in (401, 403, 404):
            self._phone._session.recover(error)
        elif not error.retryable:
            _log.warning("Claiming failed: %s", error)
        self._closing.wait(_backoff(failures, error.retry_after))

    def _take_all(self, messages):
        failure = None
        for claimed in messages:
            try:
                self._take(claimed)
            except Exception as error:  # the others are none the worse for it
                failure = error
        if failure is not None:
            raise failure

    def _take(self, claimed):
        with self._changed:
            running = self._running.get(claimed["deliveryId"])
            if running is not None:
                _log.debug("Delivery %s goes on under a new lease", running.id)
                running._adopt(claimed)
                return
            delivery = Delivery(claimed, self._phone, self._report)
            thread = threading.Thread(
                target=self._handle,
                args=(claimed["message"], delivery),
                name=_HANDLER_THREAD + delivery.id,
                daemon=True,
            )
            self._running[delivery.id] = delivery
        try:
            thread.start()
        except RuntimeError:  # too many threads: it comes again when its lease has lapsed
            with self._changed:
                del self._running[delivery.id]
            raise

    def _report(self, token, update):
        body = dict(update, token=token)
        self._transport.call("POST", "/api/v1/leases/progress", body, retry_for=0)

    def _handle(self, wire, delivery):
        try:
            outcome = self._outcomes.pop(delivery.id) or self._run(wire, delivery)
            delivery._reporter.stop()
            if delivery.id not in self._abandoned:
                self._settle(delivery, outcome)
        except Exception:
            _log.exception("Delivery %s could not be settled", delivery.id)
        finally:
            with self._changed:
                self._running.pop(delivery.id, None)
                self._abandoned.discard(delivery.id)
                self._changed.notify_all()

    def _run(self, wire, delivery):
        if wire["replyToId"] in self._phone._asked:
            return "done", {}
        handler = self._handlers.get(wire["type"]) or self._handlers.get("*")
        if handler is None:
            return self._unhandled(wire)
        entered = _enter(
            _Context(wire["traceparent"], wire["conversationId"], delivery.task_id, delivery)
        )
        try:
            result = self._invoke(handler, wire, delivery)
            body = _given(result=result)
            if wire["expectsReply"] and not delivery.replied:
                body["reply"] = result
        except DeadLetter as error:
            return "dead-letter", {"note": _note(error)}
        except RetryLater as error:
            delay = None if error.delay is None else round(error.delay * 1000)
            return "retry", _given(note=_note(error), delayMs=delay)
        except (Exception, concurrent.futures.CancelledError) as error:
            _log.warning(
                'The handler of "%s" failed, will retry: %s', wire["type"], _note(error),
                exc_info=_log.isEnabledFor(logging.DEBUG),
            )
            return "retry", {"note": f"{type(error).__name__}: {error}"[:_NOTE_LENGTH_MAX]}
        else:
            return self._checked(wire, body)
        finally:
            _leave(entered)

    def _checked(self, wire, body):
        """A result that is no JSON would be none the next time either: the work is not repeated."""
        try:
            _encode(body)
            return "done", body
        except Exception as error:
            note = f'what the handler of "{wire["type"]}" returned is no JSON: {_note(error)}'
            _log.warning("Message %s became a dead letter: %s", wire["id"], note)
            return "dead-letter", {"note": note[:_NOTE_LENGTH_MAX]}

    def _unhandled(self, wire):
        """Answers and notices nobody asked for are taken note of; anything else is set aside."""
        if wire["type"] == "delivery_failed":
            _log.warning("A message could not be delivered: %.500s", json.dumps(wire["payload"]))
            return "done", {}
        if wire["replyToId"] is not None:
            return "done", {}
        if wire["recipientId"] is None and not wire["expectsReply"]:
            return "done", {"result": {"note": "no handler"}}  # a broadcast is for whom it concerns
        note = f'agent {self._phone.agent_id} has no handler for "{wire["type"]}"'
        _log.warning("Message %s became a dead letter: %s", wire["id"], note)
        return "dead-letter", {"note": note}

    def _settle(self, delivery, outcome):
        """Settles under the newest lease; keeps the outcome when there is no valid lease now."""
        kind, body = outcome
        token = delivery.token
        try:
            self._transport.call("POST", f"/api/v1/leases/{kind}", dict(body, token=token))
        except CellphoneClientError as error:
            if delivery.token != token:
                self._settle(delivery, outcome)
            elif error.status in (400, 413, 422):
                # The outcome itself is refused (a result too large): trying again cannot help.
                note = f"the outcome was refused: {error.message}"[:_NOTE_LENGTH_MAX]
                _log.warning("Message of delivery %s set aside: %s", delivery.id, note)
                if kind != "dead-letter":
                    self._settle(delivery, ("dead-letter", {"note": note}))
            else:
                _log.warning(
                    "Delivery %s could not be settled (%s); if its message is handed out again, "
                    "finished work is not done twice", delivery.id, error.message,
                )
                if kind == "done":
                    self._outcomes.add(delivery.id, outcome)


def _arity(handler):
    """How many of (message, delivery) a handler takes."""
    try:
        parameters = inspect.signature(handler).parameters.values()
    except (TypeError, ValueError):
        return 2
    kinds = [parameter.kind for parameter in parameters]
    if inspect.Parameter.VAR_POSITIONAL in kinds:
        return 2
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return min(2, sum(kind in positional for kind in kinds))


# Phone ------------------------------------------------------------------------------------------


class Phone:
    """One agent on the line; making it connects: enrols if need be, registers, heartbeats. Goes on
    trying while the server is not up yet, and says so once.

    url, key, name, namespace: see the module's text. kind, capabilities, version, endpoint,
    metadata: what the agent says about itself. concurrency: handlers running at once (1).
    connect_timeout: how long to go on trying while no server answers (for ever).
    retry_for: how long a call is repeated while the server does not answer ("1m").
    poll: how long one claim waits for mail ("25s"). max_buffered_samples: kept while they cannot
    be sent (10000).
    """

    def __init__(
        self,
        url: Optional[str] = None,
        key: Optional[str] = None,
        name: Optional[str] = None,
        kind: Optional[str] = None,
        capabilities: Optional[List[str]] = None,
        version: Optional[str] = None,
        namespace: Optional[str] = None,
        metadata: Optional[Dict[str, Json]] = None,
        endpoint: Optional[str] = None,
        concurrency: int = 1,
        connect_timeout: Optional[Duration] = None,
        retry_for: Duration = "1m",
        poll: Duration = "25s",
        max_buffered_samples: int = 10_000,
        _invoke=None,
    ) -> None:
        if not isinstance(concurrency, int) or not 1 <= concurrency <= 256:
            raise ValueError(f"concurrency is a whole number from 1 to 256, not {concurrency}")
        claim = _resolve_identity(url, key, name, namespace, os.environ)
        self._transport = _Transport(claim.base_url, _seconds(retry_for))
        self._asked = _Remembered(_REQUESTS_REMEMBERED_MAX)
        self._open_work = set()
        self._pause_listeners = []
        self._restart_listeners = []
        self._lost = None
        self._ended = threading.Event()
        self._close_lock = threading.Lock()
        self._closed = False
        self._pid = os.getpid()
        self._courier = _Courier(
            self._transport, lambda: self._session.agent_id, max_buffered_samples
        )
        self._profiler = _Profiler(self._transport)
        poll_seconds = min(60.0, _seconds(poll))
        self._inbox = _Inbox(self, concurrency, poll_seconds, _invoke or self._invoke)
        self._session = _Session(
            claim,
            _given(
                kind=kind,
                capabilities=None if capabilities is None else list(capabilities),
                version=version,
                endpoint=endpoint,
                metadata=metadata,
            ),
            self._transport,
            self._inbox.held,
            self._tell_pause,
            self._restart_listeners,
            self._profiler.take,
            self._lose,
        )
        self._gateway = _GatewayLine(self._transport, self._session)
        try:
            self._session.open(math.inf if connect_timeout is None else _seconds(connect_timeout))
        except BaseException:
            self._transport.close()
            raise
        atexit.register(self.close)
        _phones.add(self)

    @property
    def agent_id(self) -> str:
        """The agent's id: its name."""
        return self._session.agent_id

    @property
    def namespace(self) -> str:
        return self._session.namespace

    @property
    def url(self) -> str:
        """The server's address."""
        return self._transport.base_url

    @property
    def paused(self) -> bool:
        """True while whoever runs the fleet has paused this agent."""
        return self._session.paused

    @property
    def quarantined(self) -> bool:
        """True while whoever runs the fleet has quarantined it: what it sends is refused."""
        return self._session.quarantined

    @property
    def metrics(self) -> Dict[str, int]:
        """Samples waiting to be sent, and samples given up since the start."""
        samples = self._courier.samples
        return {"waiting": samples.waiting, "shed": samples.shed}

    def record(
        self,
        metric: str,
        value: float,
        context: Optional[Dict[str, Json]] = None,
        metadata: Optional[Dict[str, Json]] = None,
    ) -> None:
        """Records a value; sent with others within a second. Never waits. context becomes labels
        (few values each), metadata is kept with the sample; in a handler or span it keeps the
        trace's id too."""
        self._check_open()
        self._courier.record(metric, value, context, metadata)

    def span(
        self,
        name: str,
        kind: str = "scope",
        context: Optional[Dict[str, Json]] = None,
        parent: Optional[Span] = None,
    ) -> Span:
        """Times a step: `with phone.span("search", kind="tool"):`. kind: scope, model, tool, code,
        wait, or a word of your own. What begins meanwhile is part of it; in a thread of your own,
        pass parent."""
        self._check_open()
        return Span(self._courier, name, kind, context, parent)

    def fetch(
        self,
        path: str,
        method: Optional[str] = None,
        json: Json = None,
        body: Any = None,
        headers: Optional[Dict[str, str]] = None,
        timeout: Duration = "60s",
        retry_for: Duration = 0,
        repeatable: bool = False,
    ) -> GatewayResponse:
        """Calls a service through the gateway, with this agent's key and in the current trace:
        `phone.fetch("/v1/search?q=x")`. Returns what the service answers, whatever its status, as
        it comes; raises CellphoneClientError with the gateway's code when the gateway itself
        refuses (`retry_after` in seconds). retry_for: how long to try again then. A POST or PATCH
        is tried again only when the service surely has not seen it, unless it is repeatable."""
        self._check_open(path)
        return self._gateway.fetch(
            path, method, json, body, headers, _seconds(timeout), _seconds(retry_for), repeatable
        )

    def send(
        self,
        to: str,
        type: str,
        payload: Json = None,
        priority: Optional[str] = None,
        dedupe_key: Optional[str] = None,
        ordering_key: Optional[str] = None,
        task: Union[str, Dict[str, Any], None] = None,
        expect_reply: bool = False,
        reply_to_id: Optional[str] = None,
        conversation_id: Optional[str] = None,
        traceparent: Optional[str] = None,
    ) -> SendReceipt:
        """Sends a message; returns a SendReceipt once the server has it on disk. task: a title, or
        {"title", "parent", "expect"}."""
        body = _message_body(to, type, payload, priority, dedupe_key, ordering_key, task,
                             expect_reply, reply_to_id, conversation_id, traceparent)
        answer = self.call("POST", "/api/v1/messages", dict(body, **self._session.sender_fields))
        return SendReceipt(
            answer["messageId"],
            answer["deliveryId"],
            answer["duplicate"],
            answer["recipientOnline"],
        )

    def request(
        self, to: str, type: str, payload: Json = None, timeout: Duration = "5m", **options: Any
    ) -> Message:
        """Sends a message and waits for its reply, which is returned as a Message."""
        return Message(self._request(to, type, payload, timeout, options), self)

    def _request(self, to, type, payload, timeout, options):
        until = time.monotonic() + _seconds(timeout)
        receipt = self.send(to, type, payload, expect_reply=True, **options)
        self._asked.add(receipt.message_id)
        path = f"/api/v1/messages/{_quoted(receipt.message_id)}"
        while True:
            left = until - time.monotonic()
            wait = max(0.0, min(_REPLY_POLL_S, left))
            try:
                reply = self.call("GET", f"{path}/reply?waitMs={round(wait * 1000)}",
                                  timeout=wait + 15, retry_for=max(0.0, left), stop=self._stopping)
            except CellphoneClientError as error:
                if error.code != "communication.request_dead":
                    raise
                reply = None  # its receipt, read next, says why it is dead
            if reply is not None:
                return reply
            receipts = self.call("GET", path, retry_for=max(0.0, left), stop=self._stopping)
            for delivery in receipts["deliveries"]:
                if delivery["state"] == "dead":
                    raise _request_failed(receipt.message_id, delivery)
            if time.monotonic() >= until:
                raise CellphoneClientError(
                    f"No reply to {receipt.message_id} in time",
                    "client.reply_timeout",
                    retryable=True,
                    remedy="Give timeout more time, or see what the recipient does.",
                )

    def broadcast(
        self,
        type: str,
        payload: Json = None,
        priority: Optional[str] = None,
        capability: Optional[str] = None,
        kind: Optional[str] = None,
    ) -> List[str]:
        """Sends to every agent, or to those with a capability or of a kind; never to itself.
        Returns the recipients' ids."""
        body = _given(priority=priority, capability=capability, kind=kind)
        body.update(self._session.sender_fields, type=type, payload=payload)
        return self.call("POST", "/api/v1/broadcasts", body, repeatable=False)["recipients"]

    def find(self, capability: str) -> List[AgentInfo]:
        """Agents with a capability: online ones first, the least loaded of them first."""
        answer = self.call("GET", f"/api/v1/agents?capability={_quoted(capability)}")
        return [AgentInfo(wire) for wire in answer["agents"]]

    def on(self, type: str, handler: Optional[Handler] = None) -> Callable:
        """Handles messages of a type ("*": those no other handler takes), as a decorator or with
        the handler given. A handler takes (message) or (message, delivery); what it returns is the
        result and, for a request it did not reply() to, the answer. Raising hands the message out
        again later; RetryLater and DeadLetter say precisely what shall happen. Claiming starts in
        run() (or start())."""
        if handler is None:
            return functools.partial(self._on_decorated, type)
        self._refuse_parents()
        self._inbox.on(type, handler)
        return handler

    def start(self) -> None:
        """Starts claiming in the background and returns; run() does it by itself."""
        self._refuse_parents()
        self._inbox.start()

    def work(
        self, title: str, expect: Optional[Duration] = None, parent: Optional[str] = None
    ) -> Work:
        """Starts a piece of work that shows on the dashboard; use it with `with`."""
        context = _context.get() or _NO_CONTEXT
        traceparent = _next_traceparent(context.traceparent)
        parent = parent or context.task_id
        expect_ms = None if expect is None else _ms(expect)
        body = _given(title=title, parentId=parent, expectMs=expect_ms)
        body["agentId"] = self.agent_id
        body["traceparent"] = traceparent
        start = functools.partial(self.call, "POST", "/api/v1/tasks", body, repeatable=False)
        try:
            task = start()
        except CellphoneClientError as error:
            if error.code != "client.unreachable" or error.not_sent:
                raise
            # The answer got lost. A task that nobody ends would make the agent look stuck for
            # ever, so see whether it is there before starting another.
            listed = self.call("GET", f"/api/v1/tasks?agentId={_quoted(self.agent_id)}&open=true")
            orphans = [
                task for task in listed["tasks"]
                if task["title"] == title and task["id"] not in self._open_work
            ]
            task = orphans[0] if orphans else start()
        self._open_work.add(task["id"])
        return Work(self, task, traceparent)

    def status(self, status: str, note: Optional[str] = None) -> None:
        """Says how the agent is: online, busy, idle, error, maintenance, offline."""
        self.call("PATCH", f"/api/v1/agents/{_quoted(self.agent_id)}",
                  _given(status=status, note=note))

    def on_pause(self, listener: Callable[[bool], Any]) -> Callable:
        """Called with True when the agent is paused and False when it is resumed."""
        self._pause_listeners.append(listener)
        return listener

    def on_restart(self, listener: Callable[[], Any]) -> Callable:
        """Called when a restart is asked for; without a listener `cellphone run` does it."""
        self._restart_listeners.append(listener)
        return listener

    def call(self, method: str, path: str, body: Json = None, **options: Any) -> Json:
        """Any call of the server's API, with this agent's key and the retries."""
        self._check_open(f"{method} {path}")
        return self._transport.call(method, path, body, **options)

    def run(self, drain: Duration = "10s") -> None:
        """Handles messages until close(), SIGINT or SIGTERM, then leaves (as close() does). Raises
        CellphoneClientError when another process took the name over or the key was revoked."""
        restore = self._catch_signals()
        try:
            self.start()
            while not self._ended.wait(0.5):
                pass
        finally:
            restore()
            self.close(drain)
        if self._lost is not None:
            raise self._lost

    def close(self, drain: Duration = "10s") -> None:
        """Claims nothing more, lets handlers end, sends what is recorded, and leaves. In a handler
        it returns at once, because it waits for handlers. In a forked child it does nothing: the
        line is the parent's."""
        if self._pid != os.getpid():
            return
        if self._in_handler():
            self._close_aside(drain)
            return
        with self._close_lock:
            if self._closed:
                return
            atexit.unregister(self.close)
            self._inbox.close(0 if self._lost else _seconds(drain))
            self._transport.closing.set()
            self._closed = True
            self._transport.interrupt()
            self._courier.close()
            self._profiler.close()
            try:
                if self._lost is None:
                    self._session.close()
            except CellphoneClientError as error:
                _log.warning("Leaving unnoticed: %s", error.message)
            self._transport.close()
            self._ended.set()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
        return False

    @property
    def _stopping(self):
        return self._transport.closing

    def _check_open(self, call=None):
        if self._closed:
            self._refuse_parents()
            raise _closed("The phone is closed" + ("" if call is None else f": {call}"))

    def _refuse_parents(self):
        if self._pid != os.getpid():
            raise _of_parent()

    def _leave_to_parent(self):
        """In a forked child, where none of the phone's threads is: it must not say good-bye at
        exit for a parent that lives, nor end the parent's calls."""
        self._closed = True
        atexit.unregister(self.close)
        self._courier.abandoned = True
        self._ended = threading.Event()
        self._ended.set()
        self._transport.abandon()

    def _on_decorated(self, type, handler):
        return self.on(type, handler)

    def _invoke(self, handler, wire, delivery):
        arguments = (Message(wire, self, delivery), delivery)
        return handler(*arguments[: _arity(handler)])

    def _catch_signals(self):
        """The first SIGINT or SIGTERM ends run(); a second one acts as it would without us."""
        if threading.current_thread() is not threading.main_thread():
            return lambda: None
        before = {}

        def restore():
            while before:
                number, handler = before.popitem()
                signal.signal(number, handler)

        def stop(number, frame):
            restore()
            self._ended.set()

        for number in (signal.SIGINT, signal.SIGTERM):
            before[number] = signal.signal(number, stop)
        return restore

    def _lose(self, error):
        _log.error("%s stops: %s", self.agent_id, error)
        self._lost = error
        self._ended.set()
        # run() closes; without it nobody would. Not in this thread: it is one that close() joins.
        self._close_aside(0)

    def _in_handler(self):
        """Whether one of this phone's handlers is calling, in its thread or as its coroutine."""
        return self._inbox.runs((_context.get() or _NO_CONTEXT).delivery)

    def _close_aside(self, drain, then=lambda: None):
        def close():
            self.close(drain)
            then()

        threading.Thread(target=close, name="cellphone-close").start()

    def _tell_pause(self, paused):
        for listener in list(self._pause_listeners):
            listener(paused)


def _request_failed(message_id, delivery):
    reason = ": ".join(filter(None, (delivery["deadReason"], delivery["note"])))
    return CellphoneClientError(
        f"{delivery['recipientId']} will not answer {message_id}: {reason}",
        "client.request_failed",
        remedy="Read the reason; mend the recipient and redrive the dead letter.",
        details={"messageId": message_id, "reason": delivery["deadReason"]},
    )


_phones = weakref.WeakSet()


def _leave_phones_to_parent():
    for phone in list(_phones):
        phone._leave_to_parent()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_phones_to_parent)


def connect(**options: Any) -> Phone:
    """A connected Phone; the same as Phone(**options)."""
    return Phone(**options)


# asyncio ----------------------------------------------------------------------------------------


class AsyncPhone:
    """The same phone for asyncio: `phone = await AsyncPhone.connect(name="worker-1")`. Handlers
    are coroutines (or functions) and run in the event loop; calls are made in threads of the
    phone's own, at most `max_calls` at once."""

    def __init__(self, phone, executor):
        self._phone = phone
        self._executor = executor

    @classmethod
    async def connect(cls, max_calls: int = 32, **options: Any) -> AsyncPhone:
        """Connects; options as for Phone."""
        loop = asyncio.get_running_loop()
        executor = concurrent.futures.ThreadPoolExecutor(max_calls, "cellphone-call")
        made = []

        def invoke(handler, wire, delivery):
            async def run():
                _context.set(context)
                message = _AsyncMessage(wire, made[0], delivery)
                result = handler(*(message, delivery)[: _arity(handler)])
                return await result if inspect.isawaitable(result) else result

            context = _context.get()
            future = asyncio.run_coroutine_threadsafe(run(), loop)
            while True:
                try:
                    return future.result(0.5)
                except concurrent.futures.TimeoutError:
                    if future.done():
                        return future.result()
                    if delivery.aborted.is_set():
                        future.cancel()
                        raise concurrent.futures.CancelledError() from None

        make = functools.partial(Phone, _invoke=invoke, **options)
        phone = cls(await loop.run_in_executor(executor, make), executor)
        made.append(phone)
        return phone

    agent_id = property(lambda self: self._phone.agent_id)
    namespace = property(lambda self: self._phone.namespace)
    url = property(lambda self: self._phone.url)
    paused = property(lambda self: self._phone.paused)
    quarantined = property(lambda self: self._phone.quarantined)
    metrics = property(lambda self: self._phone.metrics)

    def record(self, metric, value, context=None, metadata=None):
        """As Phone.record: never waits, so it is no coroutine."""
        self._phone.record(metric, value, context, metadata)

    def span(self, name, kind="scope", context=None, parent=None):
        """As Phone.span; a plain `with`, also around awaits."""
        return self._phone.span(name, kind, context, parent)

    async def fetch(self, path: str, **options: Any) -> _AsyncGatewayResponse:
        """As Phone.fetch; the answer's read(), text() and json() are awaited, and it is read line
        by line with `async for`."""
        response = await self._in_thread(self._phone.fetch, path, **options)
        return _AsyncGatewayResponse(self, response)

    async def send(
        self, to: str, type: str, payload: Json = None, **options: Any
    ) -> SendReceipt:
        return await self._in_thread(self._phone.send, to, type, payload, **options)

    async def request(
        self, to: str, type: str, payload: Json = None, timeout: Duration = "5m", **options: Any
    ) -> Message:
        wire = await self._in_thread(self._phone._request, to, type, payload, timeout, options)
        return _AsyncMessage(wire, self)

    async def broadcast(self, type: str, payload: Json = None, **options: Any) -> List[str]:
        return await self._in_thread(self._phone.broadcast, type, payload, **options)

    async def find(self, capability: str) -> List[AgentInfo]:
        return await self._in_thread(self._phone.find, capability)

    async def status(self, status, note=None):
        await self._in_thread(self._phone.status, status, note)

    async def call(self, method, path, body=None, **options):
        return await self._in_thread(self._phone.call, method, path, body, **options)

    def on(self, type, handler=None):
        return self._phone.on(type, handler)

    def on_pause(self, listener):
        """Called in the heartbeat's thread."""
        return self._phone.on_pause(listener)

    def on_restart(self, listener):
        """Called in the heartbeat's thread."""
        return self._phone.on_restart(listener)

    def work(
        self, title: str, expect: Optional[Duration] = None, parent: Optional[str] = None
    ) -> _AsyncWork:
        """`async with phone.work("title", expect="10m") as work:`, or `work = await …`."""
        return _AsyncWork(self, title, expect, parent)

    def start(self):
        self._phone.start()

    async def run(self, drain: Duration = "10s") -> None:
        """Handles messages until close(), SIGINT or SIGTERM, then leaves."""
        loop = asyncio.get_running_loop()
        caught = []

        def stop():
            while caught:
                loop.remove_signal_handler(caught.pop())
            self._phone._ended.set()

        for number in (signal.SIGINT, signal.SIGTERM):
            try:
                loop.add_signal_handler(number, stop)
                caught.append(number)
            except (NotImplementedError, RuntimeError, ValueError):
                pass  # not on this platform, or not in the main thread
        self._phone.start()
        try:
            while not self._phone._ended.is_set():
                await asyncio.sleep(0.1)
        finally:
            while caught:
                loop.remove_signal_handler(caught.pop())
            await self.close(drain)
        if self._phone._lost is not None:
            raise self._phone._lost

    async def close(self, drain: Duration = "10s") -> None:
        """As Phone.close: a handler that awaits it goes on at once, and the phone closes when the
        handlers have ended."""
        if self._phone._in_handler():
            self._phone._close_aside(drain, lambda: self._executor.shutdown(wait=False))
            return
        # Not on the phone's executor: its threads may all wait for replies.
        await asyncio.get_running_loop().run_in_executor(None, self._phone.close, drain)
        self._executor.shutdown(wait=False)

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await self.close()

    async def _in_thread(self, function, *arguments, **options):
        context = contextvars.copy_context()
        bound = functools.partial(context.run, function, *arguments, **options)
        return await asyncio.get_running_loop().run_in_executor(self._executor, bound)


class _AsyncGatewayResponse:
    """A service's answer whose body is awaited."""

    def __init__(self, phone, response):
        self._phone = phone
        self._response = response
        self.status = response.status
        self.headers = response.headers
        self.ok = response.ok

    async def read(self, size=None):
        return await self._phone._in_thread(self._response.read, size)

    async def text(self):
        return await self._phone._in_thread(self._response.text)

    async def json(self):
        return await self._phone._in_thread(self._response.json)

    async def __aiter__(self):
        lines = iter(self._response)
        while True:
            line = await self._phone._in_thread(next, lines, None)
            if line is None:
                return
            yield line

    def close(self):
        self._response.close()

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        self.close()


class _AsyncMessage(Message):
    async def reply(self, payload=None, type="direct", **options):
        if self._delivery is not None:
            self._delivery.replied = True
        options.setdefault("conversation_id", self.conversation_id)
        options["reply_to_id"] = self.id
        return await self._phone.send(self.sender_id, type, payload, **options)


class _AsyncWork:
    """Work whose start and end are awaited."""

    def __init__(self, phone, title, expect, parent):
        self._phone = phone
        self._start = (title, expect, parent)
        self._work = None
        self._entered = None

    def __await__(self):
        return self._begin().__await__()

    async def _begin(self):
        if self._work is None:
            self._work = await self._phone._in_thread(self._phone._phone.work, *self._start)
        return self

    @property
    def id(self):
        return self._work.id

    @property
    def ended(self):
        return self._work.ended

    @property
    def traceparent(self):
        return self._work.traceparent

    def progress(self, progress: Optional[float] = None, note: Optional[str] = None) -> None:
        self._work.progress(progress, note)

    async def done(self, result=None):
        await self._phone._in_thread(self._work.done, result)

    async def fail(self, error):
        await self._phone._in_thread(self._work.fail, error)

    async def cancel(self, note=None):
        await self._phone._in_thread(self._work.cancel, note)

    async def __aenter__(self):
        await self._begin()
        self._entered = _enter(self._work._context())
        return self

    async def __aexit__(self, kind, error, traceback):
        if self._entered is not None:
            _leave(self._entered)
            self._entered = None
        try:
            if kind is None:
                await self.done()
            else:
                await self.fail(error or kind.__name__)
        except Exception as failure:
            _not_told(self._work, failure)
        return False


# Command ----------------------------------------------------------------------------------------


def _check(url, key):
    """Connects without becoming an agent, and says what it sees. Returns the exit code."""
    address = url or os.environ.get("CELLPHONE_URL") or DEFAULT_URL
    base_url, secret = _parse_address(address)
    secret = key or (secret if url else None) or os.environ.get("CELLPHONE_KEY") or secret
    transport = _Transport(base_url, 0)
    print(f"Client   agent_cellphone {__version__}, python {platform.python_version()}")
    started = time.monotonic()
    transport.call("GET", "/healthz", timeout=5)
    print(f"Server   {base_url} answers in {(time.monotonic() - started) * 1000:.0f} ms")
    if secret is None:
        print("Key      none: set CELLPHONE_URL to an enrolment URL, or CELLPHONE_KEY")
        return 1
    if secret.startswith("enrol_"):
        print("Key      an enrolment: an agent that connects with it gets a key of its own")
        return 0
    transport.headers["authorization"] = f"Bearer {secret}"
    me = transport.call("GET", "/api/v1/whoami", timeout=5)
    print(f"Key      {me['kind']} \"{me['id']}\" in namespace {me.get('namespace') or 'default'}")
    agents = transport.call("GET", "/api/v1/agents", timeout=5)["agents"]
    states = collections.Counter(agent["presence"]["state"] for agent in agents)
    told = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    print(f"Fleet    {len(agents)} agents" + (f": {told}" if told else ""))
    return 0


def _main(arguments=None):
    parser = argparse.ArgumentParser(
        prog="agent_cellphone.py", description="Agent Cellphone for Python; import it, or check it."
    )
    parser.add_argument("--check", action="store_true", help="connect and say what is seen")
    parser.add_argument("--url", help="the server, or an enrolment URL (default: CELLPHONE_URL)")
    parser.add_argument("--key", help="an agent's key (default: CELLPHONE_KEY)")
    parser.add_argument("--version", action="version", version=__version__)
    options = parser.parse_args(arguments)
    if not options.check:
        parser.print_help()
        return 0
    _log.setLevel(logging.ERROR)  # what failed is said below, once
    try:
        return _check(options.url, options.key)
    except (CellphoneClientError, ValueError) as error:
        print(f"Failed   {getattr(error, 'message', error)}", file=sys.stderr)
        if isinstance(error, CellphoneClientError) and error.remedy:
            print(f"         {error.remedy}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(_main())
