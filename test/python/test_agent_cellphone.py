"""The Python SDK's parts that need no control plane; run with `python3 -m unittest`."""

import collections
import contextlib
import contextvars
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

        do_GET = do_POST = do_PUT = do_PATCH = _do

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
        no_trace = f"00-{'0' * 32}-b7ad6b7169203331-01"
        no_span = f"00-{TRACE}-{'0' * 16}-01"
        for current in (None, "", "nonsense", no_trace, no_span):
            following = sdk._next_traceparent(current)
            self.assertRegex(following, "^00-[0-9a-f]{32}-[0-9a-f]{16}-01$")
            self.assertNotIn(TRACE, following)


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

    def test_a_call_cancelled_before_it_is_made_leaves_no_connection_behind(self):
        class Stop:
            """Set by the time the connection is there."""

            asked = 0

            def is_set(self):
                self.asked += 1
                return self.asked > 1

        with serving(lambda handler, body: respond(handler, 200, {})) as url:
            transport = sdk._Transport(url, 0)
            transport.call("GET", "/")
            (connection, _), = transport._idle
            with self.assertRaises(sdk.CellphoneClientError):
                transport.call("GET", "/", stop=Stop())
            self.assertIsNone(connection.sock)
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


class Calls(unittest.TestCase):
    def attempts(self, fail, method, retry_for=20, **options):
        """How often a service is called when the first call fails, and the answer or code."""
        calls = []

        def answer(handler, body):
            calls.append(body)
            if len(calls) == 1:
                fail(handler)
            else:
                respond(handler, 200, {"ok": True})

        class Session:
            def __init__(self, url):
                self.gateway_url = url

        with serving(answer) as url:
            line = sdk._GatewayLine(sdk._Transport(url, 0), Session(url))
            try:
                options = options
                with line.fetch("/v1/llm", method, None, b"{}", None, 20, retry_for, **options) as got:
                    outcome = got.json()
            except sdk.CellphoneClientError as error:
                outcome = error.code
        return len(calls), outcome

    def lose(self, handler):
        handler.close_connection = True
        handler.connection.shutdown(socket.SHUT_RDWR)

    def refuse(self, code, status=503):
        return lambda handler: respond(
            handler, status, problem(code, True), content_type="application/problem+json"
        )

    def test_a_post_whose_answer_was_lost_is_not_made_twice(self):
        lost = ("client.unreachable", self.lose)
        maybe_done = ("gateway.upstream_timeout", "gateway.upstream_broken", "gateway.cut")
        for code, fail in (lost, *((code, self.refuse(code)) for code in maybe_done)):
            self.assertEqual(self.attempts(fail, "POST"), (1, code))
        self.assertEqual(self.attempts(self.lose, "PATCH"), (1, "client.unreachable"))

    def test_a_post_that_was_surely_not_executed_is_made_again(self):
        for name in ("rate_limited", "too_many_calls", "no_endpoint", "agent_paused", "closed",
                     "service_busy"):
            fail = self.refuse(f"gateway.{name}")
            self.assertEqual(self.attempts(fail, "POST"), (2, {"ok": True}), name)

    def test_what_may_happen_twice_is_made_again(self):
        for method in ("GET", "PUT"):
            self.assertEqual(self.attempts(self.lose, method), (2, {"ok": True}), method)
        self.assertEqual(self.attempts(self.lose, "POST", repeatable=True), (2, {"ok": True}))
        self.assertEqual(self.attempts(self.lose, "GET", retry_for=0), (1, "client.unreachable"))

    def test_a_post_that_never_left_is_made_again(self):
        asked = []

        class Session:
            gateway_url = None

            def find_gateway(self):
                asked.append(1)
                if len(asked) == 1:  # the answer to the question where the gateway is got lost
                    raise sdk._unreachable("http://server", OSError("reset"), not_sent=False)
                return url

        with serving(lambda handler, body: respond(handler, 200, body)) as url:
            line = sdk._GatewayLine(sdk._Transport(url, 0), Session())
            with line.fetch("/v1/llm", None, {"a": 1}, None, None, 20, 20) as answer:
                self.assertEqual(answer.json(), {"a": 1})
        self.assertEqual(len(asked), 2)


class Samples(unittest.TestCase):
    def courier(self, url, capacity):
        return sdk._Courier(sdk._Transport(url, 0), lambda: "me", capacity)

    def test_refuses_what_is_not_finite(self):
        courier = self.courier("http://127.0.0.1:1", 10)
        for value in (float("nan"), float("inf"), "1", None):
            with self.assertRaises(ValueError):
                courier.record("m", value, None, None)
        self.assertEqual(courier.samples.waiting, 0)

    def test_gives_up_the_oldest_when_full_and_counts_them(self):
        courier = self.courier("http://127.0.0.1:1", 4)
        for value in range(10):
            courier.record("m", value, None, None)
        self.assertEqual([sample["value"] for sample in courier.samples._items], [6, 7, 8, 9])
        self.assertEqual(courier.samples.shed, 6)

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
            courier.samples._transport.close()
        self.assertEqual([each for batch in received for each in batch], list(range(1200)))
        self.assertEqual(max(map(len, received)), 500)

    def test_tells_a_refusal_on_principle_once(self):
        def answer(handler, body):
            respond(handler, 403, {"code": "communication.agent_quarantined", "detail": "no"})

        with serving(answer) as url:
            courier = self.courier(url, 10_000)
            with self.assertLogs("agent_cellphone", "WARNING") as logs:
                for value in range(3):
                    courier.samples.add({"metric": "m", "value": value})
                    courier.samples.flush()
            courier.samples._transport.close()
        self.assertEqual(len(logs.output), 1, logs.output)
        self.assertEqual(courier.samples.shed, 3)


class Spans(unittest.TestCase):
    def setUp(self):
        self.finished = []
        self.context = sdk._context.set(
            sdk._Context(f"00-{TRACE}-b7ad6b7169203331-01", "conversation", "task")
        )

    def tearDown(self):
        sdk._context.reset(self.context)

    def span(self, name, kind="scope", context=None, parent=None):
        class Courier:
            finished = self.finished.append

        return sdk.Span(Courier, name, kind, context, parent)

    def test_nests_in_the_trace_of_what_is_handled(self):
        with self.span("outer") as outer:
            with self.span("inner", "tool", {"of": 1}) as inner:
                pass
            with self.span("second"):
                pass
        self.assertEqual({span["traceId"] for span in self.finished}, {TRACE})
        by_name = {span["name"]: span for span in self.finished}
        self.assertEqual(by_name["outer"]["parentSpanId"], "b7ad6b7169203331")
        self.assertEqual(by_name["inner"]["parentSpanId"], outer.span_id)
        self.assertEqual(by_name["second"]["parentSpanId"], outer.span_id)
        self.assertEqual(by_name["inner"]["kind"], "tool")
        self.assertEqual(by_name["inner"]["context"], {"of": 1})
        self.assertEqual(inner.traceparent, f"00-{TRACE}-{inner.span_id}-01")
        self.assertTrue(all(span["ok"] and span["durationMs"] >= 0 for span in self.finished))

    def test_an_exception_makes_it_fail_and_goes_on(self):
        with self.assertRaises(KeyError):
            with self.span("breaks"):
                raise KeyError("x")
        with self.span("told") as told:
            told.fail("wrong answer")
        self.assertEqual([span["error"] for span in self.finished], ["'x'", "wrong answer"])
        self.assertEqual([span["ok"] for span in self.finished], [False, False])

    def test_ends_in_whatever_context_it_is_left(self):
        def stream():
            with self.span("stream"):
                yield 1
                yield 2

        steps = stream()
        # As web frameworks iterate a generator: every step in a thread, in a context copied anew.
        for expected in (1, 2):
            self.assertEqual(contextvars.copy_context().run(next, steps), expected)
        with self.assertRaises(StopIteration):
            contextvars.copy_context().run(next, steps)
        self.assertEqual([span["name"] for span in self.finished], ["stream"])

        span = self.span("entered here, left there")
        span.__enter__()

        def leave():
            span.__exit__(None, None, None)
            return sdk._context.get().traceparent

        around = contextvars.copy_context().run(leave)
        self.assertEqual(around, f"00-{TRACE}-b7ad6b7169203331-01")
        self.assertEqual(len(self.finished), 2)

    def test_an_explicit_parent_wins(self):
        with self.span("parent") as parent:
            pass
        with self.span("child", parent=parent):
            pass
        self.assertEqual(self.finished[1]["parentSpanId"], parent.span_id)
        with self.assertRaises(TypeError):
            self.span("")


def burn(seconds):
    until, total = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        total += sum(range(1000))
    return total


def times_of(profile):
    """Time of each function as DevTools and speedscope count it: until the next sample is taken."""
    names = {node["id"]: node["callFrame"]["functionName"] for node in profile["nodes"]}
    instants, instant = [], profile["startTime"]
    for delta in profile["timeDeltas"]:
        instant += delta
        instants.append(instant)
    time_of = collections.Counter()
    for node, begin, end in zip(profile["samples"], instants, instants[1:] + [profile["endTime"]]):
        time_of[names[node]] += end - begin
    return dict(time_of)


class Profiles(unittest.TestCase):
    def test_a_sample_of_a_cpu_profile_lasts_until_the_next(self):
        samples = sdk._CpuSamples()
        for name, weight in (("(idle)", 7), ("heavy", 100), ("(idle)", 30), ("light", 5)):
            samples._append(samples._tree._node(samples._tree.root, name, "", -1), weight)
        profile = samples.to_json()
        self.assertEqual(times_of(profile), {"(idle)": 37, "heavy": 100, "light": 5})
        self.assertEqual(profile["timeDeltas"], [0, 7, 100, 30])
        self.assertEqual(profile["endTime"] - profile["startTime"], 142)
        nothing = sdk._CpuSamples().to_json()
        self.assertEqual((nothing["samples"], nothing["timeDeltas"]), ([], []))

    def test_a_cpu_profile_names_the_function_that_computes(self):
        worker = threading.Thread(target=burn, args=(1.5,), name="burner")
        idle = threading.Event()
        sleeper = threading.Thread(target=idle.wait, args=(20,), name="sleeper")
        worker.start()
        sleeper.start()
        profile = sdk._sample_cpu(1, threading.Event())
        idle.set()
        worker.join()
        sleeper.join()
        nodes = {node["id"]: node for node in profile["nodes"]}
        time_of = times_of(profile)
        self.assertEqual(len(profile["samples"]), len(profile["timeDeltas"]))
        # How much it gets depends on who else wants the processor.
        time_of.pop("(idle)", None)
        self.assertEqual(max(time_of, key=time_of.get), "burn", time_of)
        self.assertGreater(time_of["burn"], 20_000, time_of)
        burner = next(n for n in nodes.values() if n["callFrame"]["functionName"] == "burn")
        self.assertEqual(os.path.basename(burner["callFrame"]["url"]), os.path.basename(__file__))
        self.assertEqual(burner["callFrame"]["lineNumber"], burn.__code__.co_firstlineno - 1)
        lines = {tick["line"] for tick in burner["positionTicks"]}
        self.assertTrue(lines <= {burn.__code__.co_firstlineno + n for n in range(1, 5)}, lines)
        children = [child for node in nodes.values() for child in node["children"]]
        self.assertEqual(sorted(children), sorted(set(nodes) - {1}))
        named = {n["callFrame"]["functionName"] for n in nodes.values()}
        self.assertIn("thread burner", named)
        self.assertNotIn("thread sleeper", named)

    def test_a_heap_profile_names_the_line_that_allocates(self):
        kept = []
        stop = threading.Event()

        def allocate():
            time.sleep(0.2)
            kept.append(bytearray(4_000_000))
            kept.extend(bytearray(100) for _ in range(5000))
            stop.set()

        thread = threading.Thread(target=allocate)
        thread.start()
        profile = sdk._sample_heap(20, stop)
        thread.join()

        def flat(node):
            yield node
            for child in node["children"]:
                yield from flat(child)

        largest = max(flat(profile["head"]), key=lambda node: node["selfSize"])
        self.assertGreaterEqual(largest["selfSize"], 4_000_000)
        self.assertIn("test_agent_cellphone.py", largest["callFrame"]["url"])
        self.assertGreaterEqual(sum(s["size"] for s in profile["samples"]), 4_500_000)
        # What is read as one allocation of V8 stands for `count` objects here.
        counts = {}
        for sample in profile["samples"]:
            counts[sample["nodeId"]] = counts.get(sample["nodeId"], 0) + sample["count"]
        many = max(flat(profile["head"]), key=lambda node: counts.get(node["id"], 0))
        self.assertGreaterEqual(counts[many["id"]], 5000)
        self.assertLess(counts[largest["id"]], 100)
        self.assertTrue(all(isinstance(sample["count"], int) for sample in profile["samples"]))

    def test_one_at_a_time_and_what_goes_wrong_is_told(self):
        received = []
        told = threading.Event()

        def answer(handler, body):
            received.append((handler.command, handler.path, body))
            if handler.path.endswith("/failed"):
                told.set()
            respond(handler, 204, b"")

        with serving(answer) as url:
            profiler = sdk._Profiler(sdk._Transport(url, 0))
            profiler.take({"profileId": "a", "kind": "cpu", "seconds": 20})
            while not any(path.endswith("a/started") for _, path, _ in received):
                time.sleep(0.005)
            first = profiler._thread
            profiler.take({"profileId": "b", "kind": "cpu", "seconds": 20})
            self.assertTrue(told.wait(10))
            told.clear()
            profiler.close()
            first.join(10)
            self.assertTrue(told.wait(10))
            profiler._transport.close()
        failed = {path: json.loads(body)["reason"] for _, path, body in received if b"reason" in body}
        self.assertIn("another profile", failed["/api/v1/profiles/b/failed"])
        self.assertIn("left", failed["/api/v1/profiles/a/failed"])


if __name__ == "__main__":
    unittest.main()
