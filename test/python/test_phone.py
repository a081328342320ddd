"""The whole phone on a control plane that does as it is told; run with `python3 -m unittest`."""

import collections
import contextlib
import contextvars
import logging
import os
import pathlib
import sys
import threading
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


if __name__ == "__main__":
    unittest.main()
