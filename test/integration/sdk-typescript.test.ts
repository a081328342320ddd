// The TypeScript client on a real server: what it promises, and what happens when things break.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { test } from "node:test";

import { CellphoneClientError, connect, DeadLetter, RetryLater } from "../../src/client/index.ts";
import { agent, asAdmin, CollectedLog, enrolmentUrl, until } from "../support/fleet.ts";
import { lossyProxy } from "../support/lossy-proxy.ts";
import { startServer } from "../support/server.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/** A message with its receipts, as far as these tests look into it. */
interface Entry {
  readonly message: {
    readonly type: string;
    readonly traceparent?: string;
    readonly conversationId: string;
  };
  readonly deliveries: readonly { readonly state: string; readonly note: string | null }[];
}

const hasCode = (code: string) => (error: unknown) =>
  error instanceof CellphoneClientError && error.code === code;

test("connect() enrols, registers with what it says, and heartbeats", async (t) => {
  const server = await startServer(t);
  const phone = await agent(t, await enrolmentUrl(server), "planner-1", {
    capabilities: ["plan"],
    version: "7",
    metadata: { model: "m" },
  });
  assert.equal(phone.agentId, "planner-1");
  assert.equal(phone.namespace, "default");
  const view = await asAdmin(server, "GET", "/api/v1/agents/planner-1");
  assert.deepEqual(
    [view.kind, view.capabilities, view.version, view.metadata],
    ["planner", ["plan"], "7", { model: "m" }],
  );
  assert.equal(view.instance.pid, process.pid);
  assert.match(view.instance.runtime, /^node \d+/);
  assert.equal(view.presence.state, "idle");
  assert.ok(view.presence.lastHeartbeatAtMs > 0);
  assert.ok(view.presence.process.memoryBytes > 0);
});

test("connect() with an agent's key keeps what the wrapper said about it", async (t) => {
  const server = await startServer(t);
  const enrolled = await asAdmin(server, "POST", "/api/v1/enrol", {
    name: "wrapped-1",
    kind: "special",
    capabilities: ["c"],
  });
  const phone = await agent(t, server.url, "wrapped-1", { key: enrolled.key, version: "2" });
  const view = await asAdmin(server, "GET", `/api/v1/agents/${phone.agentId}`);
  assert.deepEqual([view.kind, view.capabilities, view.version], ["special", ["c"], "2"]);
  const other = connect({ url: server.url, key: enrolled.key, name: "other" });
  await assert.rejects(other, hasCode("client.name_mismatch"));
});

test("Phone.request() is answered by what the handler returns, in one trace", async (t) => {
  const server = await startServer(t);
  const url = await enrolmentUrl(server);
  const asker = await agent(t, url, "asker");
  const helper = await agent(t, url, "helper");
  const worker = await agent(t, url, "worker");
  helper.on("direct", (message) => ({ helped: message.payload }));
  worker.on<{ n: number }>("task_assignment", async (message) => {
    const help = await worker.request("helper", "direct", message.payload.n * 2);
    return { help: help.payload };
  });
  const reply = await asker.request("worker", "task_assignment", { n: 21 }, { task: "double" });
  assert.deepEqual(reply.payload, { help: { helped: 42 } });
  const { messages } = await asAdmin(server, "GET", "/api/v1/messages?limit=10");
  assert.equal(messages.length, 4);
  const traces = messages.map((each: Entry) => each.message.traceparent?.split("-")[1]);
  assert.equal(new Set(traces.filter(Boolean)).size, 1, JSON.stringify(traces));
  const conversations = messages.map((each: Entry) => each.message.conversationId);
  assert.equal(new Set(conversations).size, 1);
});

test("Phone.request() leaves no copy of the reply in the inbox of an agent that only asks", async (t) => {
  const server = await startServer(t);
  const url = await enrolmentUrl(server);
  const asker = await agent(t, url, "asker");
  const helper = await agent(t, url, "helper");
  helper.on("direct", () => "yes");
  await asker.request("helper", "direct");
  const counts = await asAdmin(server, "GET", "/api/v1/inbox/asker");
  assert.deepEqual([counts.ready.normal, counts.leased], [0, 0]);
});

test("Phone.request() gives up when its time is over, and at once when the request is dead", async (t) => {
  const server = await startServer(t);
  const url = await enrolmentUrl(server);
  const asker = await agent(t, url, "asker");
  const helper = await agent(t, url, "helper");
  helper.on("refused", () => {
    throw new DeadLetter("not my job");
  });
  const late = asker.request("asker", "direct", 1, { timeout: "100ms" });
  await assert.rejects(late, hasCode("client.reply_timeout"));
  await assert.rejects(asker.request("helper", "refused"), (error: Error) => {
    return hasCode("client.request_failed")(error) && error.message.includes("not my job");
  });
});

test("a handler's failure is tried again; RetryLater and DeadLetter decide", async (t) => {
  const server = await startServer(t, { config: { "communication.retryDelay": 0.05 } });
  const url = await enrolmentUrl(server);
  const phone = await agent(t, url, "worker");
  const seen: string[] = [];
  phone.on("fails-once", (_message, delivery) => {
    seen.push(`fails-once ${delivery.attempt}`);
    if (delivery.attempt === 1) throw new Error("first time");
  });
  phone.on("later", (_message, delivery) => {
    seen.push(`later ${delivery.attempt}`);
    if (delivery.attempt === 1) throw new RetryLater("not yet", { delay: "20ms" });
  });
  phone.on("hopeless", () => {
    throw new DeadLetter("never");
  });
  for (const type of ["fails-once", "later", "hopeless", "unheard-of"]) {
    await asAdmin(server, "POST", "/api/v1/messages", { recipientId: "worker", type, payload: 1 });
  }
  const dead = await until("two dead letters, two done", async () => {
    const { messages } = await asAdmin(server, "GET", "/api/v1/messages?recipientId=worker");
    const states = messages
      .map((each: Entry) => each.deliveries[0]?.state)
      .toSorted()
      .join();
    return (
      states === "dead,dead,done,done" &&
      messages.filter((each: Entry) => each.deliveries[0]?.state === "dead")
    );
  });
  assert.deepEqual(seen.toSorted(), ["fails-once 1", "fails-once 2", "later 1", "later 2"]);
  const notes = dead.map((each: Entry) => `${each.message.type}: ${each.deliveries[0]?.note}`);
  assert.deepEqual(notes.toSorted(), [
    "hopeless: never",
    'unheard-of: agent worker has no handler for "unheard-of"',
  ]);
});

test("a task shows its progress while it runs, and its result", async (t) => {
  const server = await startServer(t);
  const phone = await agent(t, await enrolmentUrl(server), "worker");
  const release = Promise.withResolvers<void>();
  phone.on("task_assignment", async (_message, delivery) => {
    delivery.progress(0.4, "two of five");
    await release.promise;
    return { files: 5 };
  });
  await asAdmin(server, "POST", "/api/v1/messages", {
    recipientId: "worker",
    type: "task_assignment",
    payload: {},
    task: { title: "index repo" },
  });
  const task = await until("progress", async () => {
    const { tasks } = await asAdmin(server, "GET", "/api/v1/tasks?agentId=worker");
    return tasks[0]?.progress === 0.4 && tasks[0];
  });
  assert.deepEqual([task.title, task.state, task.note], ["index repo", "working", "two of five"]);
  release.resolve();
  await until("completion", async () => {
    const now = await asAdmin(server, "GET", `/api/v1/tasks/${task.id}`);
    return now.state === "completed" && assert.deepEqual(now.result, { files: 5 }) === undefined;
  });
});

test("Phone.work() shows work of the agent's own, and how it ended", async (t) => {
  const server = await startServer(t);
  const phone = await agent(t, await enrolmentUrl(server), "worker");
  const task = async (id: string) => asAdmin(server, "GET", `/api/v1/tasks/${id}`);
  const outer = await phone.work("outer", { expect: "10m" });
  outer.progress(0.5, "half");
  await outer.done({ ok: true });
  const ended = await task(outer.id);
  assert.deepEqual(
    [ended.state, ended.progress, ended.note, ended.result, ended.expectMs],
    ["completed", ended.progress, "half", { ok: true }, 600_000],
  );
  let innerId = "";
  const sum = await phone.work("parent", {}, async (parent) => {
    const inner = await phone.work("child", {}, (child) => child.id);
    assert.equal((await task(inner)).parentId, parent.id);
    return 1 + 1;
  });
  assert.equal(sum, 2);
  const failing = phone.work("failing", {}, (work) => {
    innerId = work.id;
    throw new Error("disk full");
  });
  await assert.rejects(failing, /disk full/);
  assert.deepEqual(
    [(await task(innerId)).state, (await task(innerId)).note],
    ["failed", "disk full"],
  );
  {
    await using left = await phone.work("left");
    innerId = left.id;
  }
  assert.equal((await task(innerId)).state, "failed");
  const { tasks } = await asAdmin(server, "GET", "/api/v1/tasks?agentId=worker&open=true");
  assert.deepEqual(tasks, []);
});

test("Phone.record() arrives in batches, and a refused metric is said once", async (t) => {
  const server = await startServer(t);
  const log = new CollectedLog();
  const phone = await agent(t, await enrolmentUrl(server), "worker", { log });
  for (let value = 1; value <= 1200; value++) phone.record("response_time", value, { op: "x" });
  phone.record("no such name!", 1);
  phone.record("no such name!", 2);
  assert.throws(() => phone.record("response_time", Number.NaN), RangeError);
  await phone.close();
  const { metrics } = await asAdmin(
    server,
    "GET",
    "/api/v1/metrics/summary?metric=response_time&agentId=worker",
  );
  assert.deepEqual([metrics.response_time.count, metrics.response_time.max], [1200, 1200]);
  assert.equal(phone.metrics.shed, 2);
  assert.equal(log.loud.filter((line) => line.includes('"no such name!" is refused')).length, 1);
});

test("Phone.find(), broadcast(), status() and paused follow the fleet", async (t) => {
  const server = await startServer(t, { config: { "communication.heartbeatInterval": 1 } });
  const url = await enrolmentUrl(server);
  const one = await agent(t, url, "one", { capabilities: ["c"] });
  const two = await agent(t, url, "two", { capabilities: ["c"] });
  const three = await agent(t, url, "three");
  assert.deepEqual((await three.find("c")).map((each) => each.id).toSorted(), ["one", "two"]);
  const heard: string[] = [];
  two.on("broadcast", (message) => void heard.push(`two ${JSON.stringify(message.payload)}`));
  const { recipients } = await one.broadcast("broadcast", "hi", { capability: "c" });
  assert.deepEqual(recipients, ["two"]);
  await until("the broadcast", () => heard.length > 0);
  assert.deepEqual(heard, ['two "hi"']);
  await one.status("busy", "thinking");
  assert.equal((await asAdmin(server, "GET", "/api/v1/agents/one")).status, "busy");
  const news: boolean[] = [];
  one.onPause((paused) => news.push(paused));
  await asAdmin(server, "POST", "/api/v1/agents/one/pause", { reason: "test" });
  await until("the pause", () => one.paused);
  await asAdmin(server, "POST", "/api/v1/agents/one/resume", {});
  await until("the resumption", () => !one.paused);
  assert.deepEqual(news, [true, false]);
});

test("a lease shorter than the handler is extended while it runs", async (t) => {
  const server = await startServer(t, {
    config: { "communication.leaseDuration": 1, "communication.heartbeatInterval": 30 },
  });
  const phone = await agent(t, await enrolmentUrl(server), "worker");
  phone.on("direct", async () => {
    const untilMs = performance.now() + 2500;
    while (performance.now() < untilMs) await new Promise((resolve) => setTimeout(resolve, 50));
    return "done";
  });
  const asker = await agent(t, await enrolmentUrl(server), "asker");
  const reply = await asker.request("worker", "direct");
  assert.equal(reply.payload, "done");
  const path = `/api/v1/messages/${reply.replyToId}`;
  assert.equal((await asAdmin(server, "GET", path)).deliveries[0].attempts, 1);
});

test("a payload that is too large is refused once, with words", async (t) => {
  const server = await startServer(t);
  const phone = await agent(t, await enrolmentUrl(server), "worker");
  const startMs = performance.now();
  for (const size of [2 ** 20 + 100, 2 ** 23]) {
    await assert.rejects(phone.send("worker", "direct", "x".repeat(size)), (error: unknown) => {
      assert.ok(error instanceof CellphoneClientError);
      assert.equal(error.status, 413, error.message);
      assert.notEqual(error.remedy, "");
      return true;
    });
  }
  assert.ok(performance.now() - startMs < 10_000);
  const unknown = phone.send("workr", "direct", 1);
  await assert.rejects(unknown, hasCode("communication.recipient_unknown"));
});

test("what is sent, settled or started arrives once though answers get lost", async (t) => {
  const server = await startServer(t);
  const lost = new Map<string, number>();
  const proxy = await lossyProxy(t, server.url, (method, url) => {
    const call = `${method} ${url.split("?", 1)[0] ?? ""}`.replace(/task_\w+/, "*");
    const count = (lost.get(call) ?? 0) + 1;
    lost.set(call, count);
    return count === 1 && /messages$|leases\/done|tasks/.test(call);
  });
  const url = (await enrolmentUrl(server)).replace(/@.*/, proxy.replace("http://", "@"));
  const phone = await agent(t, url, "worker");
  let runs = 0;
  phone.on("direct", () => (runs += 1));
  const { messageId } = await phone.send("worker", "direct", 1);
  const work = await phone.work("index");
  await work.done();
  await until("done", async () => {
    const { deliveries } = await asAdmin(server, "GET", `/api/v1/messages/${messageId}`);
    return deliveries[0].state === "done";
  });
  await until("the second try", () => (lost.get("POST /api/v1/leases/done") ?? 0) > 1);
  assert.equal(runs, 1);
  const { messages } = await asAdmin(server, "GET", "/api/v1/messages");
  const { tasks } = await asAdmin(server, "GET", "/api/v1/tasks");
  assert.deepEqual([messages.length, tasks.length, tasks[0].state], [1, 1, "completed"]);
  assert.ok(
    (lost.get("POST /api/v1/messages") ?? 0) > 1 && (lost.get("PATCH /api/v1/tasks/*") ?? 0) > 1,
  );
});

test("connect() waits for a server that is not up yet, with one warning", async (t) => {
  const dataFolder = temporaryFolder(t);
  const first = await startServer(t, { dataFolder });
  const url = await enrolmentUrl(first);
  await first.stop();
  const log = new CollectedLog();
  const connecting = agent(t, url, "early", { log });
  await until("the warning", () => log.loud.length > 0);
  const impatient = connect({ url, name: "late", connectTimeout: "300ms", log });
  await assert.rejects(impatient, hasCode("client.unreachable"));
  const before = log.loud.length;
  const second = await startServer(t, { dataFolder, port: first.port });
  const phone = await connecting;
  assert.equal(before, 2, "one warning for each of the two that tried");
  assert.match(log.loud[0] ?? "", /does not answer: ECONNREFUSED; trying again until it does/);
  const view = await asAdmin(second, "GET", `/api/v1/agents/${phone.agentId}`);
  assert.equal(view.presence.state, "idle");
});

for (const when of ["while the server is away", "after the server is back"]) {
  test(`a handler that ends ${when} runs once, and its message is done once`, async (t) => {
    const dataFolder = temporaryFolder(t);
    const config = { "communication.heartbeatInterval": 1 };
    const first = await startServer(t, { dataFolder, config });
    // With a free hand it claims the message again while the handler runs, else after it has ended.
    const concurrency = when === "while the server is away" ? 1 : 2;
    const phone = await agent(t, await enrolmentUrl(first), "worker", { concurrency });
    const entered = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    let runs = 0;
    phone.on("task_assignment", async () => {
      runs += 1;
      entered.resolve();
      await release.promise;
      return { run: runs };
    });
    const sent = await phone.send("worker", "task_assignment", {}, { task: "t" });
    await entered.promise;
    await first.stop();
    if (when === "while the server is away") {
      release.resolve();
      await phone.send("nobody", "direct", 1, { signal: AbortSignal.timeout(300) }).catch(() => 0);
    }
    const second = await startServer(t, { dataFolder, port: first.port, config });
    if (when === "after the server is back") {
      await until("a second hand-out", async () => {
        const { deliveries } = await asAdmin(second, "GET", `/api/v1/messages/${sent.messageId}`);
        return deliveries[0].attempts === 2;
      });
      release.resolve();
    }
    const delivery = await until("done", async () => {
      const { deliveries } = await asAdmin(second, "GET", `/api/v1/messages/${sent.messageId}`);
      return deliveries[0].state === "done" && deliveries[0];
    });
    assert.equal(runs, 1);
    assert.deepEqual(delivery.result, { run: 1 });
    await phone.send("worker", "task_assignment", {}, { task: "again" });
    await until("the next message", () => runs === 2);
  });
}

test("an agent the server has forgotten registers again", async (t) => {
  const config = { "communication.heartbeatInterval": 1 };
  const server = await startServer(t, { config });
  const phone = await agent(t, server.url, "worker", { key: server.key, capabilities: ["c"] });
  phone.on("direct", () => "here");
  await asAdmin(server, "DELETE", "/api/v1/agents/worker");
  await until("registration", async () => {
    const { agents } = await asAdmin(server, "GET", "/api/v1/agents?capability=c");
    return agents.length === 1;
  });
});

test("Phone.close() waits for the handler that runs, and hands back one that does not end", async (t) => {
  const server = await startServer(t);
  const url = await enrolmentUrl(server);
  const first = await agent(t, url, "worker");
  const entered = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  first.on("direct", async () => {
    entered.resolve();
    await release.promise;
    return "ended in time";
  });
  const sent = await first.send("worker", "direct");
  await entered.promise;
  const closed = first.close();
  release.resolve();
  await closed;
  const { deliveries } = await asAdmin(server, "GET", `/api/v1/messages/${sent.messageId}`);
  assert.deepEqual([deliveries[0].state, deliveries[0].result], ["done", "ended in time"]);
  assert.equal((await asAdmin(server, "GET", "/api/v1/agents/worker")).presence.state, "down");
  await assert.rejects(first.send("worker", "direct"), hasCode("client.closed"));

  const second = await agent(t, url, "worker");
  const held = Promise.withResolvers<AbortSignal>();
  second.on("direct", (_message, delivery) => {
    held.resolve(delivery.signal);
    return new Promise(() => undefined);
  });
  const stuck = await second.send("worker", "direct");
  const signal = await held.promise;
  await second.close({ drain: "50ms" });
  assert.ok(signal.aborted);
  const after = await asAdmin(server, "GET", `/api/v1/messages/${stuck.messageId}`);
  assert.equal(after.deliveries[0].state, "ready");
});

test("a handler may close its own phone", async (t) => {
  const server = await startServer(t);
  const phone = await agent(t, await enrolmentUrl(server), "worker");
  phone.on("stop", async () => {
    await phone.close();
    return "closing";
  });
  const run = phone.run();
  const sent = await phone.send("worker", "stop");
  await run;
  const { deliveries } = await asAdmin(server, "GET", `/api/v1/messages/${sent.messageId}`);
  assert.equal(deliveries[0].result, "closing");
});

test("a program that just ends still leaves, and loses no sample", async (t) => {
  const server = await startServer(t);
  const client = path.resolve(import.meta.dirname, "../../src/client/index.ts");
  const program = `
    const { connect } = await import(${JSON.stringify(client)});
    const phone = await connect();
    phone.record("steps", 3);
  `;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    env: {
      ...process.env,
      CELLPHONE_URL: await enrolmentUrl(server),
      CELLPHONE_NAME: "short-1",
    },
    stdio: ["ignore", "ignore", "inherit"],
  });
  assert.deepEqual(await once(child, "exit"), [0, null]);
  const { presence } = await asAdmin(server, "GET", "/api/v1/agents/short-1");
  assert.equal(presence.reason, "it left");
  const summary = "/api/v1/metrics/summary?metric=steps&agentId=short-1";
  assert.equal((await asAdmin(server, "GET", summary)).metrics.steps.sum, 3);
});

test("Phone.run() goes on while its handler hangs, until it is asked to stop", async (t) => {
  const server = await startServer(t);
  const client = path.resolve(import.meta.dirname, "../../src/client/index.ts");
  const program = `
    const { connect } = await import(${JSON.stringify(client)});
    const phone = await connect({ capabilities: ["hang"] });
    phone.on("hang", () => new Promise(() => console.log("hangs")));
    let asked = false;
    process.once("SIGTERM", () => (asked = true));
    process.once("beforeExit", () => asked || console.log("ends by itself"));
    await phone.run({ drain: 0 });
  `;
  const url = await enrolmentUrl(server);
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    env: { ...process.env, CELLPHONE_URL: url, CELLPHONE_NAME: "stuck-1" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  let out = "";
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  const asker = await agent(t, url, "asker");
  const states = "/api/v1/agents/stuck-1";
  await until("it is there", async () => (await asker.find("hang")).length > 0);
  const { messageId } = await asker.send("stuck-1", "hang");
  await until("it hangs", () => out.includes("hangs"));
  child.kill("SIGTERM");
  assert.deepEqual(await once(child, "exit"), [0, null]);
  assert.equal(out, "hangs\n");
  assert.equal((await asAdmin(server, "GET", states)).presence.reason, "it left");
  const { deliveries } = await asAdmin(server, "GET", `/api/v1/messages/${messageId}`);
  assert.equal(deliveries[0].state, "ready", "handed back");
});

test("a restart asked for is told to a listener, and left to the wrapper without one", async (t) => {
  const server = await startServer(t, { config: { "communication.heartbeatInterval": 1 } });
  const url = await enrolmentUrl(server);
  const deaf = await agent(t, url, "deaf");
  const willing = await agent(t, url, "willing");
  let asked = 0;
  willing.onRestart(() => void (asked += 1));
  for (const name of ["deaf", "willing"]) {
    await asAdmin(server, "POST", `/api/v1/agents/${name}/restart`, {});
  }
  await until("the restart", () => asked > 0);
  const commands = async (name: string): Promise<number> => {
    const path = `/api/v1/agents/${name}/heartbeat`;
    return (await asAdmin(server, "POST", path, {})).commands.length;
  };
  await until("its acknowledgement", async () => (await commands("willing")) === 0);
  assert.equal(await commands(deaf.agentId), 1);
  assert.equal(asked, 1);
});

test("a name held by a living process is refused, and taken over from a dead one", async (t) => {
  const server = await startServer(t);
  const url = await enrolmentUrl(server);
  const client = path.resolve(import.meta.dirname, "../../src/client/index.ts");
  const program = `
    const { connect } = await import(${JSON.stringify(client)});
    const phone = await connect();
    phone.on("*", () => undefined);
    console.log("connected");
  `;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    env: { ...process.env, CELLPHONE_URL: url, CELLPHONE_NAME: "single" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  await once(child.stdout, "data");
  const second = connect({ url, name: "single" });
  await assert.rejects(second, hasCode("security.name_in_use"));
  child.kill("SIGKILL");
  await once(child, "exit");
  const phone = await agent(t, url, "single");
  assert.equal(phone.agentId, "single");
});

test("Phone.run() rejects when the agent was unregistered", async (t) => {
  const config = { "communication.heartbeatInterval": 1 };
  const server = await startServer(t, { config });
  const phone = await agent(t, await enrolmentUrl(server), "worker");
  const rejected = assert.rejects(phone.run(), hasCode("security.key_revoked"));
  await asAdmin(server, "DELETE", "/api/v1/agents/worker");
  await rejected;
});

test("Phone.run() rejects when another process has taken the name over", async (t) => {
  const config = { "communication.heartbeatInterval": 1 };
  const server = await startServer(t, { config });
  const url = await enrolmentUrl(server);
  const phone = await agent(t, url, "single");
  phone.on("*", () => undefined);
  const rejected = assert.rejects(phone.run(), hasCode("security.key_replaced"));
  const response = await fetch(`${server.url}/api/v1/enrol`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${new URL(url).username}`,
      "content-type": "application/json",
    },
    body: JSON.stringify({ name: "single", replace: true }),
  });
  assert.equal(response.status, 201);
  await rejected;
});
