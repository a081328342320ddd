"""A control plane that answers what a test wants and keeps what it hears."""

import contextlib
import json
import threading

from test_agent_cellphone import respond, serving

WAIT_S = 0.2  # how long it keeps a heartbeat or a claim open that brings nothing


class FakeServer:
    def __init__(self):
        self.url = ""
        self.calls = []  # (method, path, body, headers)
        self.mail = []
        self.commands = []
        self.answers = {}  # end of a path -> what answers it: (status, body) or a function
        self._changed = threading.Condition()

    def heard(self, end, so_that=lambda body: True):
        """Bodies of the calls whose path ends so."""
        with self._changed:
            calls = list(self.calls)
        return [body for _, path, body, _ in calls if path.endswith(end) and so_that(body or {})]

    def wait_for(self, end, so_that=lambda body: True, count=1):
        """Waits until it has heard as many of them."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._matching(end, so_that)) >= count, 20):
                calls = [call[1:3] for call in self.calls if not call[1].endswith("/heartbeat")]
                raise AssertionError(f"{end} was not heard; heard {calls}"[:2000])
            return self._matching(end, so_that)

    def _matching(self, end, so_that):
        return [body for _, path, body, _ in self.calls if path.endswith(end) and so_that(body or {})]

    def post(self, number, type="task_assignment", **fields):
        """Puts a message into the agent's inbox."""
        message = {
            "id": f"m{number}", "namespace": "default", "senderId": "s", "recipientId": "a",
            "type": type, "payload": {}, "priority": "normal", "conversationId": "c",
            "replyToId": None, "expectsReply": False, "orderingKey": None, "dedupeKey": "k",
            "traceparent": None, "task": None, "acceptedAtMs": 0,
        }
        self.hand_out({
            "deliveryId": f"d{number}", "token": f"token{number}", "attempt": 1, "leaseMs": 60000,
            "taskId": None, "message": dict(message, **fields),
        })

    def hand_out(self, claimed):
        with self._changed:
            self.mail.append(claimed)
            self._changed.notify_all()

    def order(self, kind):
        with self._changed:
            self.commands.append({"id": f"command{len(self.calls)}", "kind": kind})
            self._changed.notify_all()

    def __call__(self, handler, raw):
        body = json.loads(raw) if raw else None
        path = handler.path.partition("?")[0]
        with self._changed:
            self.calls.append((handler.command, path, body, dict(handler.headers)))
            self._changed.notify_all()
        for end, answer in list(self.answers.items()):
            if path.endswith(end):
                answered = answer(body) if callable(answer) else answer
                if answered is not None:
                    respond(handler, *answered)
                    return
        with contextlib.suppress(OSError):  # the phone has hung up
            respond(handler, *self._answer(path, body))

    def _answer(self, path, body):
        if path.endswith("/whoami"):
            me = {"kind": "agent", "id": "a", "namespace": "default", "gatewayUrl": None}
            return 200, me
        if path.endswith("/heartbeat"):
            return 200, self._beat(body)
        if path.endswith("/claim"):
            with self._changed:
                self._changed.wait_for(lambda: self.mail, WAIT_S)
                most = body["max"] if body else 0  # hung up before it was said
                mail, self.mail = self.mail[:most], self.mail[most:]
            return 200, {"messages": mail}
        if path == "/api/v1/agents" and body is None:
            return 200, {"agents": []}
        if path == "/api/v1/tasks":
            return 201, {"id": f"t{len(self.heard('/tasks'))}", "title": body["title"]}
        if path == "/api/v1/messages":
            accepted = {"messageId": "m", "deliveryId": "d", "duplicate": False}
            return 201, dict(accepted, recipientOnline=True)
        if path in ("/api/v1/metrics", "/api/v1/spans"):
            return 202, {"accepted": 1, "rejected": []}
        return 200, {}

    def _beat(self, body):
        acknowledged = body.get("ackCommands", [])
        with self._changed:
            self.commands = [one for one in self.commands if one["id"] not in acknowledged]
            known = body.get("knows", {}).get("commands", [])
            if body.get("waitMs"):
                news = lambda: [one for one in self.commands if one["id"] not in known]  # noqa: E731
                self._changed.wait_for(news, WAIT_S)
            commands = list(self.commands)
        return {"intervalMs": 30000, "paused": False, "quarantined": False, "commands": commands}


@contextlib.contextmanager
def fake_server():
    server = FakeServer()
    with serving(server) as server.url:
        yield server
