// The Python client on a real server, as a process of its own that tests drive by messages.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import type { TestContext } from "node:test";

import { requireDebian } from "../support/debian.ts";
import { agent, asAdmin, enrolmentUrl, until } from "../support/fleet.ts";
import { lossyProxy } from "../support/lossy-proxy.ts";
import { startServer } from "../support/server.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");

interface PythonAgent {
  readonly child: ChildProcess;
  /** What it has printed, one JSON object a line. */
  readonly told: Readonly<Record<string, unknown>>[];
  exitCode(): Promise<unknown>;
}

/** Starts the agent under test; undefined (and the test skipped) where there is no Python. */
function pythonAgent(
  t: TestContext,
  url: string,
  name: string,
  ...flags: string[]
): PythonAgent | undefined {
  const python = requireDebian(t, "python3");
  if (python === undefined) return undefined;
  const program = path.join(ROOT, "test/python/agent_under_test.py");
  const child = spawn(python, ["-W", "error::ResourceWarning", program, ...flags], {
    env: { ...process.env, CELLPHONE_URL: url, CELLPHONE_NAME: name },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit").then(([code]) => code as unknown);
  t.after(() => child.kill("SIGKILL"));
  const told: Readonly<Record<string, unknown>>[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => told.push(JSON.parse(line)));
  return { child, told, exitCode: () => exited };
}

const ready = (started: PythonAgent): Promise<unknown> =>
  until("the Python agent", () => started.told.find((line) => "ready" in line));

for (const [name, file] of [
  ["the Python client's own parts", "test_agent_cellphone.py"],
  ["the whole Python phone, on a control plane that does as it is told", "test_phone.py"],
] as const) {
  test(name, async (t) => {
    const python = requireDebian(t, "python3");
    if (python === undefined) return;
    const child = spawn(python, [path.join(ROOT, "test/python", file)]);
    const [output, [code]] = await Promise.all([text(child.stderr), once(child, "exit")]);
    assert.equal(code, 0, output);
  });
}

test("Phone (Python) enrols, registers with what it says, heartbeats, and leaves on SIGTERM", async (t) => {
  const server = await startServer(t);
  const started = pythonAgent(t, await enrolmentUrl(server), "snake-1");
  if (started === undefined) return;
  await ready(started);
  const view = await asAdmin(server, "GET", "/api/v1/agents/snake-1");
  assert.deepEqual([view.kind, view.capabilities, view.version], ["snake", ["python"], "7"]);
  assert.equal(view.instance.pid, started.child.pid);
  assert.match(view.instance.runtime, /^python 3\./);
  assert.equal(view.presence.state, "idle");
  assert.ok(view.presence.process.memoryBytes > 0);
  started.child.kill("SIGTERM");
  assert.equal(await started.exitCode(), 0);
  const left = await asAdmin(server, "GET", "/api/v1/agents/snake-1");
  assert.deepEqual([left.presence.state, left.presence.reason], ["down", "it left"]);
});

for (const flags of [[], ["--async"]]) {
  const name = flags.length === 0 ? "Phone (Python)" : "AsyncPhone (Python)";

  test(`${name} answers requests with what handlers return, within one trace`, async (t) => {
    const server = await startServer(t, { config: { "communication.retryDelay": 0.05 } });
    const url = await enrolmentUrl(server);
    const started = pythonAgent(t, url, "snake-1", ...flags);
    if (started === undefined) return;
    const phone = await agent(t, url, "asker");
    phone.on<number>("echo", (message) => ({ mine: message.payload, trace: message.traceparent }));
    await ready(started);
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const ask = (type: string, payload?: unknown) =>
      // oxlint-disable-next-line typescript/no-explicit-any -- answers of many shapes
      phone.request<any>("snake-1", type, payload, { traceparent, timeout: "20s" });
    const echo = await ask("echo", { text: "häß" });
    assert.deepEqual(echo.payload, { echo: { text: "häß" }, trace: traceparent });
    const asked = await ask("ask", ["asker", 7]);
    assert.equal(asked.payload.mine, 7);
    assert.equal(asked.payload.trace.split("-")[1], traceparent.split("-")[1]);
    assert.notEqual(asked.payload.trace, traceparent);
    const replied = await ask("reply");
    assert.deepEqual([replied.type, replied.payload], ["answer", { by: "hand" }]);
    assert.notEqual((await ask("fails-once")).payload, null);
    const ids = (await ask("work")).payload;
    const tasks = await Promise.all(
      ids.map((id: string) => asAdmin(server, "GET", `/api/v1/tasks/${id}`)),
    );
    assert.deepEqual(
      tasks.map((task) => [task.title, task.state, task.note, task.parentId]),
      [
        ["outer", "completed", "half", null],
        ["inner", "completed", null, ids[0]],
        ["failing", "failed", "disk full", null],
      ],
    );
    assert.equal(tasks[0].expectMs, 600_000);
    started.child.kill("SIGINT");
    assert.equal(await started.exitCode(), 0);
  });

  test(`${name} hands back what does not end in time when it is asked to stop`, async (t) => {
    const server = await startServer(t);
    const url = await enrolmentUrl(server);
    const started = pythonAgent(t, url, "snake-1", ...flags);
    if (started === undefined) return;
    await ready(started);
    const phone = await agent(t, url, "asker");
    const sent = await phone.send("snake-1", "hang");
    await until("the handler", () => started.told.some((line) => "entered" in line));
    started.child.kill("SIGTERM");
    assert.equal(await started.exitCode(), 0);
    assert.ok(started.told.some((line) => line["aborted"] === true));
    const { deliveries } = await asAdmin(server, "GET", `/api/v1/messages/${sent.messageId}`);
    assert.equal(deliveries[0].state, "ready");
  });
}

test("handlers in Python may fail, postpone, refuse, and return what is no JSON", async (t) => {
  const server = await startServer(t, { config: { "communication.retryDelay": 0.05 } });
  const url = await enrolmentUrl(server);
  const started = pythonAgent(t, url, "snake-1");
  if (started === undefined) return;
  await ready(started);
  const phone = await agent(t, url, "asker");
  const ask = async (type: string) => (await phone.request("snake-1", type)).payload;
  assert.deepEqual(await ask("fails-once"), [1, 2]);
  assert.equal(await ask("later"), 2);
  await assert.rejects(ask("not-json"), /returned is no JSON: Object of type set/);
  await assert.rejects(ask("hopeless"), /rejected: never/);
  await assert.rejects(ask("unheard-of"), /has no handler for "unheard-of"/);
  assert.deepEqual(await ask("too-large"), [
    [413, true],
    [413, true],
  ]);
  assert.deepEqual(await ask("measure"), ["snake-1"]);
  const summary = await until("all samples", async () => {
    const { metrics } = await asAdmin(
      server,
      "GET",
      "/api/v1/metrics/summary?metric=probe_value&agentId=snake-1",
    );
    return metrics.probe_value?.count === 1200 && metrics.probe_value;
  });
  assert.equal(summary.max, 1200);
  assert.equal((await asAdmin(server, "GET", "/api/v1/agents/snake-1")).status, "busy");
  assert.equal(await ask("stop"), "closing");
  assert.equal(await started.exitCode(), 0);
});

test("a Python agent's lease is extended while its handler runs, and pauses are told", async (t) => {
  const server = await startServer(t, {
    config: { "communication.leaseDuration": 1, "communication.heartbeatInterval": 1 },
  });
  const url = await enrolmentUrl(server);
  const started = pythonAgent(t, url, "snake-1");
  if (started === undefined) return;
  await ready(started);
  const phone = await agent(t, url, "asker");
  const reply = await phone.request("snake-1", "slow");
  const { deliveries } = await asAdmin(server, "GET", `/api/v1/messages/${reply.replyToId}`);
  assert.equal(deliveries[0].attempts, 1);
  await asAdmin(server, "POST", "/api/v1/agents/snake-1/pause", { reason: "test" });
  await until("the pause", () => started.told.some((line) => line["paused"] === true));
  await asAdmin(server, "POST", "/api/v1/agents/snake-1/resume", {});
  await until("the resumption", () => started.told.some((line) => line["paused"] === false));
});

test("a Python handler that outlives a restart of the server runs once, and is done once", async (t) => {
  const dataFolder = temporaryFolder(t);
  const config = { "communication.heartbeatInterval": 1 };
  const first = await startServer(t, { dataFolder, config });
  const url = await enrolmentUrl(first);
  await first.stop();
  // It starts before the server is up, too.
  const started = pythonAgent(t, url, "snake-1");
  if (started === undefined) return;
  await until("the warning", () => started.told.length > 0);
  const second = await startServer(t, { dataFolder, port: first.port, config });
  await ready(started);
  const sent = await asAdmin(second, "POST", "/api/v1/messages", {
    recipientId: "snake-1",
    type: "task_assignment",
    payload: {},
    task: { title: "t" },
  });
  await until("the handler", () => started.told.some((line) => "entered" in line));
  await second.stop();
  const third = await startServer(t, { dataFolder, port: first.port, config });
  const receipt = async () => {
    const { deliveries } = await asAdmin(third, "GET", `/api/v1/messages/${sent.messageId}`);
    return deliveries[0];
  };
  await until("a second hand-out", async () => (await receipt()).attempts === 2);
  const release = { recipientId: "snake-1", type: "release", payload: 1 };
  await asAdmin(third, "POST", "/api/v1/messages", release);
  await until("done", async () => (await receipt()).state === "done");
  assert.deepEqual((await receipt()).result, { runs: 1 });
  const warnings = started.told.filter((line) => String(line["log"]).includes("does not answer"));
  assert.equal(warnings.length, 2, "one for each time the server was away");
});

test("a Python handler that ends while the server is away runs once, and is done once", async (t) => {
  const dataFolder = temporaryFolder(t);
  const first = await startServer(t, { dataFolder });
  const started = pythonAgent(t, await enrolmentUrl(first), "snake-1", "--one");
  if (started === undefined) return;
  await ready(started);
  const file = path.join(temporaryFolder(t), "go");
  const sent = await asAdmin(first, "POST", "/api/v1/messages", {
    recipientId: "snake-1",
    type: "wait-for-file",
    payload: file,
  });
  await until("the handler", () => started.told.some((line) => "entered" in line));
  await first.stop();
  writeFileSync(file, "");
  await until("its end", () => started.told.some((line) => line["ended"] === true));
  const second = await startServer(t, { dataFolder, port: first.port });
  await until("done", async () => {
    const { deliveries } = await asAdmin(second, "GET", `/api/v1/messages/${sent.messageId}`);
    return (
      deliveries[0].state === "done" && assert.deepEqual(deliveries[0].result, 1) === undefined
    );
  });
  assert.equal(started.told.filter((line) => "entered" in line).length, 1);
});

test("run() in Python ends with an error when another process has taken the name over", async (t) => {
  const config = { "communication.heartbeatInterval": 1 };
  const server = await startServer(t, { config });
  const url = await enrolmentUrl(server);
  const started = pythonAgent(t, url, "single");
  if (started === undefined) return;
  await ready(started);
  const second = pythonAgent(t, url, "single");
  assert.equal(await second?.exitCode(), 1);
  const response = await fetch(`${server.url}/api/v1/enrol`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${new URL(url).username}`,
      "content-type": "application/json",
    },
    body: JSON.stringify({ name: "single", replace: true }),
  });
  assert.equal(response.status, 201);
  assert.equal(await started.exitCode(), 3);
  assert.ok(started.told.some((line) => line["lost"] === "security.key_replaced"));
});

test("what Python sends or starts arrives once though answers get lost", async (t) => {
  const python = requireDebian(t, "python3");
  if (python === undefined) return;
  const server = await startServer(t);
  const seen = new Set<string>();
  const proxy = await lossyProxy(t, server.url, (method, url) => {
    const call = `${method} ${url.split("?", 1)[0] ?? ""}`;
    const first = !seen.has(call);
    seen.add(call);
    return first && /messages$|leases\/done|tasks/.test(call);
  });
  const program = `
import threading
from agent_cellphone import Phone
phone, runs, handled = Phone(), [], threading.Event()
phone.start()  # claims once there is a handler
@phone.on("direct")
def direct(message):
    runs.append(1)
    handled.set()
phone.send("short-1", "direct", 1)
phone.work("index").done()
assert handled.wait(20)
phone.close()
assert runs == [1], runs
`;
  const child = spawn(python, ["-c", program], {
    env: {
      ...process.env,
      CELLPHONE_URL: (await enrolmentUrl(server)).replace(/@.*/, proxy.replace("http://", "@")),
      CELLPHONE_NAME: "short-1",
      PYTHONPATH: path.join(ROOT, "sdk/python"),
    },
    stdio: ["ignore", "ignore", "inherit"],
  });
  assert.deepEqual(await once(child, "exit"), [0, null]);
  const { messages } = await asAdmin(server, "GET", "/api/v1/messages");
  const { tasks } = await asAdmin(server, "GET", "/api/v1/tasks");
  assert.deepEqual([messages.length, messages[0].deliveries[0].state], [1, "done"]);
  assert.deepEqual([tasks.length, tasks[0].state], [1, "completed"]);
});

test("a Python program that just ends still leaves, and loses no sample", async (t) => {
  const python = requireDebian(t, "python3");
  if (python === undefined) return;
  const server = await startServer(t);
  const program = 'from agent_cellphone import Phone; Phone().record("steps", 3)';
  const child = spawn(python, ["-c", program], {
    env: {
      ...process.env,
      CELLPHONE_URL: await enrolmentUrl(server),
      CELLPHONE_NAME: "short-1",
      PYTHONPATH: path.join(ROOT, "sdk/python"),
    },
    stdio: ["ignore", "ignore", "inherit"],
  });
  assert.deepEqual(await once(child, "exit"), [0, null]);
  const { presence } = await asAdmin(server, "GET", "/api/v1/agents/short-1");
  assert.equal(presence.reason, "it left");
  const summary = "/api/v1/metrics/summary?metric=steps&agentId=short-1";
  assert.equal((await asAdmin(server, "GET", summary)).metrics.steps.sum, 3);
});

test("a Python agent takes its name over from its own crashed predecessor", async (t) => {
  const server = await startServer(t);
  const url = await enrolmentUrl(server);
  const first = pythonAgent(t, url, "single");
  if (first === undefined) return;
  await ready(first);
  first.child.kill("SIGKILL");
  await first.exitCode();
  const second = pythonAgent(t, url, "single");
  if (second !== undefined) await ready(second);
});

test("agent_cellphone.py --check says what it sees", async (t) => {
  const python = requireDebian(t, "python3");
  if (python === undefined) return;
  const server = await startServer(t);
  await agent(t, await enrolmentUrl(server), "other");
  const check = async (...flags: string[]) => {
    const file = path.join(ROOT, "sdk/python/agent_cellphone.py");
    const child = spawn(python, [file, "--check", ...flags], { env: {} });
    const [out, errors, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, "exit"),
    ]);
    return { out, errors, code };
  };
  const seen = await check("--url", server.url, "--key", server.key);
  assert.equal(seen.code, 0, seen.errors);
  assert.match(seen.out, /Server {3}http:\/\/127\.0\.0\.1:\d+ answers in \d+ ms/);
  assert.match(seen.out, /Key {6}admin/);
  assert.match(seen.out, /Fleet {4}1 agents: 1 idle/);
  const wrong = await check("--url", server.url, "--key", "agent_wrong");
  assert.equal(wrong.code, 1);
  assert.match(wrong.errors, /Failed {3}The key is not known/);
});
