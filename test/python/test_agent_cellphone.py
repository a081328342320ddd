"""The Python SDK's parts that need no control plane; run with `python3 -m unittest`."""

import contextlib
import http.server
import json
import logging
import os
import random
import socket
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../sdk/python"))

import agent_cellphone as sdk  # noqa: E402

TRACE = "0af7651916cd43dd8448eb211c80319c"


def setUpModule():
    logging.getLogger("agent_cellphone").setLevel(logging.CRITICAL)


@contextlib.contextmanager
def serving(answer, port=0):
    """A real HTTP server; `answer(handler, body)` writes each response."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _do(self):
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            answer(self, body)

        do_GET = do_POST = _do

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def respond(handler, status, body, **headers):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("content-length", str(len(data)))
    handler.end_headers()
    handler.wfile.write(data)


def problem(code, retryable=False):
    return {"detail": "d", "code": code, "remedy": "r", "retryable": retryable}


class Durations(unittest.TestCase):
    def test_numbers_are_seconds_and_text_has_units(self):
        for duration, seconds in ((2, 2), (0.5, 0.5), ("250ms", 0.25), (" 1h30m ", 5400)):
            self.assertEqual(sdk._seconds(duration), seconds)

    def test_refuses_what_is_no_duration(self):
        for wrong in ("", "10", "10 m", "m", "-5s", "5sm", -1, float("nan"), float("inf"), True):
            with self.assertRaises(ValueError, msg=repr(wrong)):
                sdk._seconds(wrong)


class Backoff(unittest.TestCase):
    def test_grows_to_a_cap_and_never_comes_down_to_nothing(self):
        seed = random.randrange(2**32)
        generator = random.Random(seed)
        for _ in range(1000):
            delay = sdk._backoff(generator.randint(1, 10_000), None, generator.random)
            self.assertTrue(0.05 <= delay <= 5, f"{delay}, seed {seed}")
        self.assertEqual(sdk._backoff(1, 7, lambda: 0), 7)

    def test_retry_after_is_seconds_or_a_date(self):
        now = 1767225600  # 2026-01-01T00:00:00Z
        self.assertEqual(sdk._parse_retry_after("3", now), 3)
        self.assertEqual(sdk._parse_retry_after("Thu, 01 Jan 2026 00:00:05 GMT", now), 5)
        self.assertIsNone(sdk._parse_retry_after("soon", now))
        self.assertIsNone(sdk._parse_retry_after(None, now))


class Identity(unittest.TestCase):
    def test_the_secret_is_taken_out_of_the_url(self):
        address = sdk._parse_address("http://enrol_abc@127.0.0.1:2355/")
        self.assertEqual(address, ("http://127.0.0.1:2355", "enrol_abc"))

    def test_a_wrong_url_is_refused_without_showing_its_secret(self):
        with self.assertRaises(ValueError) as caught:
            sdk._parse_address("ftp://enrol_secret@127.0.0.1")
        self.assertNotIn("enrol_secret", str(caught.exception))

    def test_options_win_over_the_environment_and_a_key_over_an_enrolment(self):
        environment = {
            "CELLPHONE_URL": "http://enrol_env@h:1",
            "CELLPHONE_KEY": "agent_env",
            "CELLPHONE_NAME": "from-env",
        }
        wrapped = sdk._resolve_identity(None, None, None, None, environment)
        self.assertEqual(wrapped, ("http://h:1", None, "agent_env", "from-env", None))
        given = sdk._resolve_identity("http://enrol_x@h:2", None, "mine", None, environment)
        self.assertEqual(given, ("http://h:2", "enrol_x", None, "mine", None))

    def test_says_what_is_missing(self):
        missing = ((None, "client.key_missing"), ("http://enrol_x@h", "client.name_missing"))
        for url, code in missing:
            with self.assertRaises(sdk.CellphoneClientError) as caught:
                sdk._resolve_identity(url, None, None, None, {})
            self.assertEqual(caught.exception.code, code)
            self.assertTrue(caught.exception.remedy)

    def test_a_process_that_ended_is_not_alive(self):
        child = subprocess.Popen([sys.executable, "-c", ""])
        child.wait()
        self.assertFalse(sdk._is_alive(child.pid))
        self.assertTrue(sdk._is_alive(os.getpid()))


class Tracing(unittest.TestCase):
    def test_a_hop_keeps_the_trace_with_a_parent_id_of_its_own(self):
        following = sdk._next_traceparent(f"00-{TRACE}-b7ad6b7169203331-00")
        self.assertRegex(following, f"^00-{TRACE}-[0-9a-f]{{16}}-00$")
        self.assertNotIn("b7ad6b7169203331", following)

    def test_a_trace_starts_where_there_is_none(self):
        for current in (None, "", "nonsense", f"00-{'0' * 32}-b7ad6b7169203331-01"):
            self.assertRegex(sdk._next_traceparent(current), "^00-[0-9a-f]{32}-[0-9a-f]{16}-01$")


class Bodies(unittest.TestCase):
    def body(self, **options):
        defaults = dict.fromkeys(
            "priority dedupe_key ordering_key task expect_reply reply_to_id conversation_id "
            "traceparent".split()
        )
        return sdk._message_body("a", "direct", 1, **dict(defaults, **options))

    def test_each_send_has_its_own_dedupe_key(self):
        self.assertNotEqual(self.body()["dedupeKey"], self.body()["dedupeKey"])
        self.assertEqual(self.body(dedupe_key="k")["dedupeKey"], "k")

    def test_what_a_handler_sends_stays_in_its_conversation_trace_and_task(self):
        context = sdk._Context(f"00-{TRACE}-b7ad6b7169203331-01", "c1", "t1")
        token = sdk._context.set(context)
        try:
            body = self.body(task={"title": "part", "expect": "10m"})
        finally:
            sdk._context.reset(token)
        self.assertEqual(body["conversationId"], "c1")
        self.assertIn(TRACE, body["traceparent"])
        self.assertEqual(body["task"], {"title": "part", "parentId": "t1", "expectMs": 600_000})

    def test_a_handler_takes_one_argument_or_two(self):
        class Callable:
            def method(self, message):
                pass

        self.assertEqual(sdk._arity(lambda message: None), 1)
        self.assertEqual(sdk._arity(lambda message, delivery: None), 2)
        self.assertEqual(sdk._arity(lambda *both: None), 2)
        self.assertEqual(sdk._arity(Callable().method), 1)
        self.assertEqual(sdk._arity(print), 2)


class Transports(unittest.TestCase):
    def test_json_goes_and_comes_over_one_kept_connection(self):
        seen = []

        def answer(handler, body):
            seen.append((handler.client_address[1], handler.path, json.loads(body)))
            respond(handler, 200, {"ok": True})

        with serving(answer) as url:
            transport = sdk._Transport(url, 0)
            for number in range(3):
                self.assertEqual(transport.call("POST", "/a?b=c", {"n": number}), {"ok": True})
            transport.close()
        self.assertEqual([body["n"] for _, _, body in seen], [0, 1, 2])
        self.assertEqual(len({port for port, _, _ in seen}), 1)

    def test_a_problem_document_becomes_an_error_and_is_not_repeated(self):
        calls = []

        def answer(handler, body):
            calls.append(1)
            respond(handler, 409, problem("security.name_in_use", retryable=True))

        with serving(answer) as url:
            transport = sdk._Transport(url, 60)
            with self.assertRaises(sdk.CellphoneClientError) as caught:
                transport.call("POST", "/", {})
            transport.close()
        error = caught.exception
        self.assertEqual((error.code, error.status, error.remedy, error.message),
                         ("security.name_in_use", 409, "r", "d"))
        self.assertEqual(str(error), "d. r [security.name_in_use]")
        self.assertEqual(len(calls), 1)

    def test_comes_back_no_sooner_than_retry_after_says(self):
        calls = []

        def answer(handler, body):
            calls.append(time.monotonic())
            if len(calls) == 1:
                respond(handler, 503, problem("x.y", retryable=True), retry_after="1")
            else:
                respond(handler, 200, {})

        with serving(answer) as url:
            transport = sdk._Transport(url, 10)
            transport.call("POST", "/", {}, repeatable=False)
            transport.close()
        self.assertGreaterEqual(calls[1] - calls[0], 0.995)

    def test_repeats_after_a_lost_answer_only_what_may_arrive_twice(self):
        calls = []

        def answer(handler, body):
            calls.append(1)
            if len(calls) % 2:
                handler.close_connection = True
                handler.connection.shutdown(socket.SHUT_RDWR)
            else:
                respond(handler, 200, {})

        with serving(answer) as url:
            transport = sdk._Transport(url, 10)
            self.assertEqual(transport.call("POST", "/", {}), {})
            with self.assertRaises(sdk.CellphoneClientError) as caught:
                transport.call("POST", "/", {}, repeatable=False)
            transport.close()
        self.assertEqual(caught.exception.code, "client.unreachable")
        self.assertEqual(len(calls), 3)

    def test_what_surely_did_not_arrive_is_repeated_until_the_server_is_up(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        transport = sdk._Transport(f"http://127.0.0.1:{port}", 20)
        answers = []
        call = threading.Thread(
            target=lambda: answers.append(transport.call("POST", "/", {}, repeatable=False))
        )
        with self.assertLogs("agent_cellphone", "WARNING") as logs:
            call.start()
            while not logs.output:  # it has met a closed port
                time.sleep(0.005)
            with serving(lambda handler, body: respond(handler, 200, {"up": True}), port):
                call.join(20)
        transport.close()
        self.assertEqual(answers, [{"up": True}])
        self.assertEqual(len(logs.output), 2, logs.output)

    def test_a_waiting_call_can_be_interrupted(self):
        arrived, stop, outcome = threading.Event(), threading.Event(), []
        release = threading.Event()

        def answer(handler, body):
            arrived.set()
            release.wait(20)
            handler.close_connection = True

        def call():
            try:
                transport.call("POST", "/", {}, stop=stop)
            except sdk.CellphoneClientError as error:
                outcome.append(error.code)

        with serving(answer) as url:
            transport = sdk._Transport(url, 0)
            thread = threading.Thread(target=call)
            thread.start()
            arrived.wait(20)
            stop.set()
            transport.interrupt()
            thread.join(5)
            self.assertEqual(outcome, ["client.closed"])
            release.set()
            transport.close()

    def test_says_so_when_something_else_answers(self):
        with serving(lambda handler, body: respond(handler, 404, b"<html>")) as url:
            transport = sdk._Transport(url, 60)
            with self.assertRaises(sdk.CellphoneClientError) as caught:
                transport.call("GET", "/")
            transport.close()
        self.assertEqual(caught.exception.code, "client.response_invalid")

    def test_a_payload_that_is_no_json_is_refused_here(self):
        transport = sdk._Transport("http://127.0.0.1:1", 0)
        with self.assertRaises(ValueError):
            transport.call("POST", "/", {"value": float("nan")})
        with self.assertRaises(TypeError):
            transport.call("POST", "/", {"value": object()})


class Samples(unittest.TestCase):
    def courier(self, url, capacity):
        return sdk._Courier(sdk._Transport(url, 0), lambda: "me", capacity)

    def test_refuses_what_is_not_finite(self):
        courier = self.courier("http://127.0.0.1:1", 10)
        for value in (float("nan"), float("inf"), "1", None):
            with self.assertRaises(ValueError):
                courier.record("m", value, None, None)
        self.assertEqual(courier.waiting, 0)

    def test_gives_up_the_oldest_when_full_and_counts_them(self):
        courier = self.courier("http://127.0.0.1:1", 4)
        for value in range(10):
            courier.record("m", value, None, None)
        self.assertEqual([sample["value"] for sample in courier._samples], [6, 7, 8, 9])
        self.assertEqual(courier.shed, 6)

    def test_sends_all_in_batches_in_order(self):
        received = []

        def answer(handler, body):
            samples = json.loads(body)["samples"]
            received.append([sample["value"] for sample in samples])
            respond(handler, 202, {"accepted": len(samples), "rejected": []})

        with serving(answer) as url:
            courier = self.courier(url, 10_000)
            for value in range(1200):
                courier.record("m", value, None, None)
            courier.close()
            courier._transport.close()
        self.assertEqual([each for batch in received for each in batch], list(range(1200)))
        self.assertEqual(max(map(len, received)), 500)


if __name__ == "__main__":
    unittest.main()
