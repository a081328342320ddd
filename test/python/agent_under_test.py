"""An agent that a test drives by messages: every way a handler can end, and what it saw."""

import asyncio
import json
import logging
import os
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../sdk/python"))

from agent_cellphone import (  # noqa: E402
    AsyncPhone,
    CellphoneClientError,
    DeadLetter,
    Phone,
    RetryLater,
)

runs = []


def say(**facts):
    print(json.dumps(facts), flush=True)


class Told(logging.Handler):
    def emit(self, record):
        say(log=record.getMessage())


def register_sync(phone):
    release = threading.Event()

    @phone.on("echo")
    def echo(message):
        return {"echo": message.payload, "trace": message.traceparent}

    @phone.on("ask")
    def ask(message):
        to, payload = message.payload
        return phone.request(to, "echo", payload, timeout="10s").payload

    @phone.on("fails-once")
    def fails_once(message, delivery):
        runs.append(delivery.attempt)
        if delivery.attempt == 1:
            raise RuntimeError("first time")
        return runs

    @phone.on("later")
    def later(message, delivery):
        if delivery.attempt == 1:
            raise RetryLater("not yet", delay="20ms")
        return delivery.attempt

    @phone.on("hopeless")
    def hopeless(message):
        raise DeadLetter("never")

    @phone.on("not-json")
    def not_json(message):
        return {1, 2}

    @phone.on("reply")
    def reply(message):
        message.reply({"by": "hand"}, type="answer")
        return "result"

    @phone.on("task_assignment")
    def task(message, delivery):
        runs.append(message.id)
        delivery.progress(0.4, "two of five")
        say(entered=delivery.attempt)
        release.wait(30)
        return {"runs": len(runs)}

    @phone.on("release")
    def free(message):
        release.set()

    @phone.on("wait-for-file")
    def wait_for_file(message, delivery):
        say(entered=delivery.attempt)
        while not os.path.exists(message.payload):
            time.sleep(0.01)
        say(ended=True)
        return delivery.attempt

    @phone.on("slow")
    def slow(message, delivery):
        time.sleep(2.5)
        return delivery.attempt

    @phone.on("work")
    def work(message):
        with phone.work("outer", expect="10m") as outer:
            outer.progress(0.5, "half")
            with phone.work("inner") as inner:
                pass
        try:
            with phone.work("failing") as failing:
                raise OSError("disk full")
        except OSError:
            pass
        return [outer.id, inner.id, failing.id]

    @phone.on("measure")
    def measure(message):
        for value in range(1, 1201):
            phone.record("probe_value", value, {"op": "x"})
        phone.status("busy", "measuring")
        return [agent.id for agent in phone.find("python")]

    @phone.on("too-large")
    def too_large(message):
        outcomes = []
        for size in (2**20 + 100, 2**23):
            try:
                phone.send("nobody", "direct", "x" * size)
            except CellphoneClientError as error:
                outcomes.append([error.status, bool(error.remedy)])
        return outcomes

    @phone.on("hang")
    def hang(message, delivery):
        say(entered=delivery.attempt)
        delivery.aborted.wait()
        say(aborted=True)

    @phone.on("stop")
    def stop(message):
        phone.close()
        return "closing"

    @phone.on_pause
    def paused(now):
        say(paused=now)


async def run_async():
    phone = await AsyncPhone.connect(capabilities=["python"], concurrency=4)

    @phone.on("echo")
    async def echo(message):
        await asyncio.sleep(0)
        return {"echo": message.payload, "trace": message.traceparent}

    @phone.on("ask")
    async def ask(message):
        to, payload = message.payload
        return (await phone.request(to, "echo", payload, timeout="10s")).payload

    @phone.on("reply")
    async def reply(message):
        await message.reply({"by": "hand"}, type="answer")
        return "result"

    @phone.on("work")
    async def work(message, delivery):
        delivery.progress(0.1)
        async with phone.work("outer", expect="10m") as outer:
            outer.progress(0.5, "half")
            async with phone.work("inner") as inner:
                pass
        try:
            async with phone.work("failing") as failing:
                raise OSError("disk full")
        except OSError:
            pass
        phone.record("probe_value", 1)
        await phone.status("busy")
        return [outer.id, inner.id, failing.id]

    @phone.on("fails-once")
    async def fails_once(message, delivery):
        if delivery.attempt == 1:
            raise TimeoutError("a tool took too long")
        return delivery.attempt

    @phone.on("hang")
    async def hang(message, delivery):
        say(entered=delivery.attempt)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            say(aborted=True)
            raise

    say(ready=phone.agent_id)
    await phone.run(drain="200ms")


def main():
    logging.getLogger("agent_cellphone").addHandler(Told())
    if "--async" in sys.argv:
        asyncio.run(run_async())
        return
    concurrency = 1 if "--one" in sys.argv else 2
    phone = Phone(capabilities=["python"], concurrency=concurrency, version="7")
    register_sync(phone)
    say(ready=phone.agent_id)
    try:
        phone.run(drain="200ms")
    except CellphoneClientError as error:
        say(lost=error.code)
        sys.exit(3)


if __name__ == "__main__":
    main()
