"""The whole phone on a control plane that does as it is told; run with `python3 -m unittest`."""

import asyncio
import atexit
import collections
import contextlib
import contextvars
import json
import logging
import os
import pathlib
import signal
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../sdk/python"))

import agent_cellphone as sdk  # noqa: E402
from fake_server import fake_server  # noqa: E402


def setUpModule():
    logging.getLogger("agent_cellphone").setLevel(logging.CRITICAL)


@contextlib.contextmanager
def online(**options):
    """A phone and the server it is connected to."""
    with fake_server() as server:
        phone = sdk.Phone(url=server.url, key="agent_x", **options)
        try:
            yield phone, server
        finally:
            phone.close("5s")


class Telemetry(unittest.TestCase):
    def test_a_wrong_progress_or_note_is_refused_where_it_is_given(self):
        with online() as (phone, server):
            work = phone.work("w")
            for wrong in ({"note": pathlib.Path("/tmp/x")}, {"progress": "0.5"}, {"progress": True}):
                with self.assertRaises(TypeError, msg=wrong):
                    work.progress(**wrong)
            with self.assertRaises(ValueError):
                work.progress(float("nan"))
            work.progress(1, "half")
            server.wait_for("/tasks/t1", lambda body: body == {"progress": 1, "note": "half"})

    def test_a_sample_that_is_no_json_drops_only_itself_and_is_told_once(self):
        with online() as (phone, server):
            with self.assertLogs("agent_cellphone", "WARNING") as logs:
                phone.record("good", 1)
                phone.record("bad", 1, {"file": pathlib.Path("/tmp/x")})
                phone.record("bad", 2, {"file": pathlib.Path("/tmp/x")})
                phone.record("good", 2)
                with phone.span("step", context={"of": {1, 2}}):
                    pass
                with phone.span("fine"):
                    pass
                spans = server.wait_for("/spans")
                server.wait_for("/metrics")
            sent = [s for body in server.heard("/metrics") for s in body["samples"]]
            self.assertEqual([(s["metric"], s["value"]) for s in sent], [("good", 1), ("good", 2)])
            self.assertEqual([s["name"] for body in spans for s in body["spans"]], ["fine"])
            self.assertEqual(phone.metrics, {"waiting": 0, "shed": 2})
            told = collections.Counter(line.split(" cannot")[0] for line in logs.output)
            self.assertEqual(sorted(told.values()), [1, 1], logs.output)

    def test_keeps_what_it_was_given_as_it_was_then(self):
        with online() as (phone, server):
            labels, metadata, context = {"n": 0}, {"n": 0}, {"n": 0}
            phone.record("m", 1, labels, metadata)
            with phone.span("s", context=context):
                labels["n"] = metadata["n"] = context["n"] = 1
            (body,) = server.wait_for("/metrics")
            sample = body["samples"][0]
            self.assertEqual((sample["context"], sample["metadata"]), ({"n": 0}, {"n": 0}))
            (body,) = server.wait_for("/spans")
            self.assertEqual(body["spans"][0]["context"], {"n": 0})

    def test_goes_on_after_an_answer_nobody_understands(self):
        with online() as (phone, server):
            server.answers["/metrics"] = lambda body: (
                (200, b"[]") if body["samples"][0]["value"] == 1 else None
            )
            phone.record("m", 1)
            server.wait_for("/metrics")
            phone.record("m", 2)
            server.wait_for("/metrics", lambda body: body["samples"][0]["value"] == 2)

    def test_progress_that_cannot_be_sent_stops_nothing(self):
        with online() as (phone, server):

            class Broken:
                def send(self):
                    raise RuntimeError("broken")

            phone._courier.report(Broken())
            phone.record("after", 1)
            server.wait_for("/metrics")


class Mail(unittest.TestCase):
    def test_a_result_that_is_no_json_is_set_aside_with_its_reason(self):
        with online() as (phone, server):
            runs = []

            @phone.on("task_assignment")
            def handle(message):
                runs.append(1)
                return {1, 2}

            phone.start()
            server.post(1)
            (body,) = server.wait_for("/leases/dead-letter")
            self.assertEqual(body["note"], 'what the handler of "task_assignment" returned is no '
                             "JSON: Object of type set is not JSON serializable")
            self.assertEqual((runs, server.heard("/leases/retry")), ([1], []))

    def test_a_type_error_of_the_handler_itself_is_tried_again(self):
        with online() as (phone, server):
            phone.on("task_assignment", lambda message: None + 1)
            phone.start()
            server.post(1)
            (body,) = server.wait_for("/leases/retry")
            self.assertIn("TypeError", body["note"])

    def test_a_broadcast_without_a_handler_is_done_and_direct_mail_is_set_aside(self):
        with online() as (phone, server):
            phone.on("something_else", print)
            phone.start()
            server.post(1, "news", recipientId=None)
            server.post(2, "news")
            server.post(3, "news", recipientId=None, expectsReply=True)
            (body,) = server.wait_for("/leases/done")
            self.assertEqual(body, {"token": "token1", "result": {"note": "no handler"}})
            dead = server.wait_for("/leases/dead-letter", count=2)
            self.assertEqual([body["token"] for body in dead], ["token2", "token3"])
            self.assertIn('no handler for "news"', dead[0]["note"])

    def test_one_malformed_message_does_not_take_the_others_with_it(self):
        with online(concurrency=2) as (phone, server):
            server.hand_out({"deliveryId": "d0"})
            server.post(1)
            phone.on("task_assignment", lambda message: "done")
            phone.start()
            server.wait_for("/leases/done", lambda body: body["token"] == "token1")

    def test_goes_on_claiming_after_an_answer_nobody_understands(self):
        malformed = [(200, {}), (200, []), (200, b"7"), (200, {"messages": [{"deliveryId": "d0"}]})]
        with online(concurrency=2) as (phone, server):
            server.answers["/claim"] = lambda body: malformed.pop(0) if malformed else None
            handled = threading.Event()
            phone.on("task_assignment", lambda message: handled.set())
            phone.start()
            server.post(1)
            self.assertTrue(handled.wait(20))
            server.wait_for("/leases/done", lambda body: body["token"] == "token1")
            self.assertEqual(malformed, [])


REFUSED = (403, {"detail": "no", "code": "communication.agent_quarantined", "remedy": "wait"})


class WorkOfOnesOwn(unittest.TestCase):
    def test_the_bodys_own_error_goes_through_when_its_end_cannot_be_told(self):
        with online() as (phone, server):
            server.answers["/tasks/t1"] = REFUSED
            with self.assertLogs("agent_cellphone", "WARNING") as logs:
                with self.assertRaises(KeyError):
                    with phone.work("w"):
                        raise KeyError("the body's own")
            self.assertIn("could not be reported", logs.output[0])

    def test_what_was_done_is_not_lost_when_its_end_cannot_be_told(self):
        with online() as (phone, server):
            server.answers["/tasks/t1"] = REFUSED
            with self.assertLogs("agent_cellphone", "WARNING"):
                with phone.work("w"):
                    done = True
            self.assertTrue(done)
            with self.assertRaises(sdk.CellphoneClientError):
                server.answers["/tasks/t2"] = REFUSED
                phone.work("x").done()

    def traces(self, server):
        """The traceparents of what was started, sent, called and timed, by name."""
        found = {}
        for _, path, body, headers in server.calls:
            if path == "/api/v1/tasks":
                found[body["title"]] = body["traceparent"]
            elif path == "/api/v1/messages":
                found["message"] = body["traceparent"]
            elif path.startswith("/v1/"):
                found[path] = headers["traceparent"]
            elif path == "/api/v1/spans":
                for span in body["spans"]:
                    found[span["name"]] = f"00-{span['traceId']}-{span['spanId']}-01"
        return found

    def test_all_that_is_done_in_it_is_one_trace(self):
        with online() as (phone, server):
            phone._session.gateway_url = server.url
            with phone.work("outer") as outer:
                with phone.span("step") as step:
                    phone.fetch("/v1/in-step").close()
                phone.send("b", "direct")
                with phone.work("inner"):
                    phone.fetch("/v1/in-inner").close()
                phone.record("m", 1)
            with phone.work("another"):
                pass
            server.wait_for("/spans")
            (body,) = server.wait_for("/metrics")
            traces = self.traces(server)
            another = traces.pop("another")
            self.assertEqual({trace[3:35] for trace in traces.values()}, {step.trace_id}, traces)
            self.assertNotEqual(another[3:35], step.trace_id)
            self.assertEqual(traces["outer"], outer.traceparent)
            self.assertEqual(traces["/v1/in-step"], step.traceparent)
            self.assertEqual(traces["/v1/in-inner"], traces["inner"])
            self.assertEqual(len({traces["outer"], traces["step"], traces["inner"]}), 3)
            span = server.heard("/spans")[0]["spans"][0]
            self.assertEqual(span["parentSpanId"], outer.traceparent[36:52])
            self.assertEqual(body["samples"][0]["metadata"], {"traceId": step.trace_id})

    def test_its_own_spans_and_calls_are_in_its_trace_without_a_block_too(self):
        with online() as (phone, server):
            phone._session.gateway_url = server.url
            work = phone.work("w")
            with work.span("step") as step:
                work.fetch("/v1/x").close()
            work.fetch("/v1/y").close()
            work.done()
            server.wait_for("/spans")
            traces = self.traces(server)
            self.assertEqual({trace[3:35] for trace in traces.values()}, {work.traceparent[3:35]})
            self.assertEqual(traces["/v1/x"], step.traceparent)
            self.assertEqual(traces["/v1/y"], work.traceparent)

    def test_goes_on_in_the_trace_of_the_message_that_is_handled(self):
        around = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

        async def program(url, server):
            async with await sdk.AsyncPhone.connect(url=url, key="agent_x") as phone:

                @phone.on("task_assignment")
                async def handle(message):
                    async with phone.work("w"):
                        await phone.send("b", "direct")

                phone.start()
                await asyncio.get_running_loop().run_in_executor(
                    None, server.wait_for, "/leases/done"
                )

        with fake_server() as server:
            server.post(1, traceparent=around)
            asyncio.run(program(server.url, server))
            traces = self.traces(server)
        self.assertEqual({trace[3:35] for trace in traces.values()}, {around[3:35]})
        self.assertEqual(len({around, *traces.values()}), 3)

    def test_may_end_in_another_context_than_it_began(self):
        def steps(phone):
            with phone.work("w"):
                yield

        async def asynchronous_steps(phone):
            async with phone.work("w"):
                yield

        async def program(url):
            async with await sdk.AsyncPhone.connect(url=url, key="agent_x") as phone:
                going = asynchronous_steps(phone)
                await asyncio.create_task(going.__anext__())
                await asyncio.create_task(going.aclose())

        with online() as (phone, server):
            going = steps(phone)
            contextvars.copy_context().run(next, going)
            self.assertEqual(contextvars.copy_context().run(list, going), [])
            server.wait_for("/tasks/t1", lambda body: body["state"] == "completed")
        with fake_server() as server:
            asyncio.run(program(server.url))
            self.assertEqual(len(server.heard("/tasks/t1")), 1)

    def test_the_same_in_asyncio(self):
        async def program(url, server):
            async with await sdk.AsyncPhone.connect(url=url, key="agent_x") as phone:
                server.answers["/tasks/t1"] = REFUSED
                with self.assertRaises(KeyError):
                    async with phone.work("w"):
                        raise KeyError("the body's own")
                server.answers["/tasks/t2"] = REFUSED
                async with phone.work("x"):
                    pass

        with fake_server() as server:
            asyncio.run(program(server.url, server))


class Closing(unittest.TestCase):
    def test_a_coroutine_that_handles_a_message_may_close_the_phone(self):
        took = []

        async def program(url):
            phone = await sdk.AsyncPhone.connect(url=url, key="agent_x")

            @phone.on("task_assignment")
            async def handle(message):
                begun = time.monotonic()
                async with phone.work("the last"):
                    await phone.close(drain="20s")
                took.append(time.monotonic() - begun)
                await phone.send("b", "direct", "the phone waits for its handler")
                return "closed"

            await phone.run(drain="20s")
            with self.assertRaises(RuntimeError):
                phone._executor.submit(print)

        with fake_server() as server:
            server.post(1)
            asyncio.run(program(server.url))
            settled = [(path, body) for _, path, body, _ in server.calls if "/leases/" in path]
            self.assertEqual(
                settled, [("/api/v1/leases/done", {"token": "token1", "result": "closed"})]
            )
            self.assertEqual(len(server.heard("/messages")), 1)
        self.assertLess(took[0], 10)

    def test_what_a_handler_has_started_waits_once_the_handler_has_ended(self):
        async def program(url, server):
            phone = await sdk.AsyncPhone.connect(url=url, key="agent_x")
            closed = asyncio.get_running_loop().create_future()

            async def close_later():
                await asyncio.get_running_loop().run_in_executor(None, server.wait_for, "/leases/done")
                while phone._phone._inbox.held()[0]:  # its answer may still be on its way
                    await asyncio.sleep(0.005)
                await phone.close()
                closed.set_result(len(server.heard("/heartbeat", lambda body: body.get("left"))))

            tasks = []
            phone.on("task_assignment",
                     lambda message: tasks.append(asyncio.ensure_future(close_later())))
            phone.start()
            self.assertEqual(await closed, 1)

        with fake_server() as server:
            server.post(1)
            asyncio.run(program(server.url, server))

    def test_a_handler_of_one_phone_closes_another_as_anybody_would(self):
        with online() as (phone, server), online() as (other, others_server):
            left = []

            @phone.on("task_assignment")
            def handle(message):
                other.close()
                left.extend(others_server.heard("/heartbeat", lambda body: body.get("left")))

            phone.start()
            server.post(1)
            server.wait_for("/leases/done")
            self.assertEqual(len(left), 1)


class Restarts(unittest.TestCase):
    def test_is_acknowledged_before_its_listener_may_end_the_process(self):
        with online() as (phone, server):
            told = threading.Event()
            seen = []

            @phone.on_restart
            def restart():
                seen.append(list(server.commands))  # what another start would find
                told.set()

            server.order("restart")
            self.assertTrue(told.wait(20))
            self.assertEqual(seen, [[]])

    def test_a_good_bye_carries_what_could_not_be_acknowledged(self):
        with online() as (phone, server):
            alone = lambda body: "ackCommands" in body and not body.get("left")  # noqa: E731
            server.answers["/heartbeat"] = lambda body: (
                (409, {"code": "x", "detail": "not now"}) if alone(body) else None
            )
            phone.on_restart(phone.close)
            server.order("restart")
            left = server.wait_for("/heartbeat", lambda body: body.get("left"))
            self.assertEqual(len(left[0]["ackCommands"]), 1)

    def test_a_listener_that_raises_is_called_once_and_harms_nobody(self):
        with online() as (phone, server):
            calls = []

            @phone.on_restart
            def restart():
                calls.append(1)
                raise RuntimeError("cannot")

            server.order("restart")
            server.wait_for("/heartbeat", lambda body: "ackCommands" in body)
            more = len(server.heard("/heartbeat"))
            server.wait_for("/heartbeat", count=more + 2)
            self.assertEqual(len(calls), 1)

    def test_without_a_listener_it_is_left_to_the_wrapper(self):
        with online() as (phone, server):
            server.order("restart")
            server.wait_for("/heartbeat", lambda body: body.get("knows", {}).get("commands"))
            self.assertEqual(len(server.commands), 1)


def in_child(program):
    """Forks, runs the program in the child up to its very end, and returns what it tells."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            signal.alarm(30)  # a child that hangs would make its parent wait for ever
            told = program()
            atexit._run_exitfuncs()  # what sys.exit() would do, without unittest's own
        except BaseException as error:
            told = repr(error)
        os.write(writing, json.dumps(told).encode())
        os._exit(0)
    os.close(writing)
    with open(reading) as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    return json.loads(told)


@unittest.skipUnless(hasattr(os, "fork"), "no fork here")
class Forks(unittest.TestCase):
    def test_a_child_neither_leaves_for_its_parent_nor_speaks_for_it(self):
        with online() as (phone, server):
            work = phone.work("of the parent")

            def child():
                codes = []
                for use in (
                    lambda: phone.record("m", 1),
                    lambda: phone.span("s"),
                    lambda: phone.fetch("/v1/x"),
                    lambda: phone.send("b", "direct"),
                    lambda: phone._session._beat(0),
                    lambda: phone.on("x", print),
                    phone.start,
                    phone.run,
                ):
                    try:
                        use()
                        codes.append(None)
                    except sdk.CellphoneClientError as error:
                        codes.append((error.code, error.remedy))
                work.progress(0.5)
                work.__exit__(None, None, None)
                phone.close()
                return codes

            codes = in_child(child)
            self.assertEqual(codes, [["client.closed", "Make a new Phone in the child."]] * 8)
            phone.record("of_the_parent", 1)
            server.wait_for("/metrics")
            self.assertEqual(phone.find("x"), [])
            self.assertEqual(server.heard("/heartbeat", lambda body: body.get("left")), [])
            self.assertEqual(server.heard("/tasks/t1"), [])
        self.assertEqual(len(server.heard("/heartbeat", lambda body: body.get("left"))), 1)

    def test_a_child_may_have_a_phone_of_its_own(self):
        with online() as (_, server):

            def child():
                with sdk.Phone(url=server.url, key="agent_x") as phone:
                    phone.record("of_the_child", 1)
                return []

            self.assertEqual(in_child(child), [])
            self.assertEqual(len(server.heard("/heartbeat", lambda body: body.get("left"))), 1)
            server.wait_for("/metrics")


if __name__ == "__main__":
    unittest.main()
