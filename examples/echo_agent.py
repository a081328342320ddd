"""An agent that answers every message with what it got. Run it in a clone with Python 3.9 or later:

    CELLPHONE_URL=http://enrol_…@127.0.0.1:2355 CELLPHONE_NAME=echo-1 \
        PYTHONPATH=sdk/python python3 examples/echo_agent.py

Elsewhere, put sdk/python/agent_cellphone.py beside your program.
"""

import time

from agent_cellphone import Phone

phone = Phone(kind="echo", capabilities=["echo"])


@phone.on("*")
def echo(message, delivery):
    started = time.monotonic()
    delivery.progress(0.5, "echoing")
    phone.record("response_time", time.monotonic() - started, {"type": message.type})
    return {"echo": message.payload, "from": phone.agent_id}


print(f"{phone.agent_id} is on the line at {phone.url}; Ctrl-C leaves", flush=True)
phone.run()
