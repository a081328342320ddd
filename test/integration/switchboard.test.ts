// The composed system: what survives a restart, what a namespace keeps to itself, and what a
// second server is told.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Worker } from "node:worker_threads";

import { AgentCommunicationProtocol } from "../../src/communication/index.ts";
import { noComponentLog } from "../../src/core/index.ts";
import {
  openLedger,
  SqliteCommunicationStore,
  SqliteSecurityStore,
} from "../../src/storage/index.ts";
import { ControlSocket } from "../support/control.ts";
import { startServer } from "../support/server.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

test("startSwitchboard() finds agents, mail, metrics, cost and feed of the last run", async (t) => {
  const dataFolder = temporaryFolder(t);
  const first = await startServer(t, { dataFolder });
  assert.ok(first.switchboard.fresh);
  using before = new ControlSocket(first.socketPath);
  await before.call("POST", "/api/v1/agents", { agentId: "worker-1", capabilities: ["sort"] });
  const mail = { recipientId: "worker-1", payload: { text: "hello" } };
  const { body: sent } = await before.call("POST", "/api/v1/messages", mail);
  const sample = { metric: "cost_usd", value: 0.25, agentId: "worker-1" };
  await before.call("POST", "/api/v1/metrics", { samples: [sample, sample] });
  const { body: feedBefore } = await before.call("GET", "/api/v1/events");
  await first.stop();

  const second = await startServer(t, { dataFolder });
  assert.ok(!second.switchboard.fresh);
  using after = new ControlSocket(second.socketPath);
  const { body: agents } = await after.call("GET", "/api/v1/agents?capability=sort");
  assert.deepEqual(
    agents.agents.map((agent: { id: string }) => agent.id),
    ["worker-1"],
  );
  const { body: claim } = await after.call("POST", "/api/v1/inbox/worker-1/claim", {});
  assert.equal(claim.messages[0]?.message.id, sent.messageId);
  const { body: summary } = await after.call("GET", "/api/v1/metrics/summary?metric=cost_usd");
  assert.equal(summary.metrics.cost_usd.sum, 0.5);
  const { body: overview } = await after.call("GET", "/api/v1/overview");
  // 0.50 within a young fleet's first minutes: per hour by the time it has run, at most a quarter.
  const perHour = overview.summary.costPerHourUsd;
  assert.ok(perHour >= 2 && perHour <= 30, `${perHour} dollars an hour`);
  await after.call("POST", "/api/v1/agents/worker-1/pause", { reason: "look" });
  const { body: feedAfter } = await after.call("GET", "/api/v1/events");
  const ids: number[] = feedAfter.events.map((event: { id: number }) => event.id);
  assert.deepEqual(
    ids,
    [...new Set(ids)].toSorted((a, b) => a - b),
    "numbers go on, none twice",
  );
  assert.ok(ids.length > feedBefore.events.length);
});

test("A namespace has its own agents and options, and is gone when it is deleted", async (t) => {
  const server = await startServer(t);
  using control = new ControlSocket(server.socketPath);
  const config = { communication: { heartbeatInterval: 2 } };
  const created = await control.call("PUT", "/api/v1/namespaces/lab", { config });
  assert.equal(created.status, 201);
  await control.call("POST", "/api/v1/agents?namespace=lab", { agentId: "probe" });
  const beat = await control.call("POST", "/api/v1/agents/probe/heartbeat?namespace=lab", {});
  assert.equal(beat.body.intervalMs, 2000);
  assert.equal((await control.call("GET", "/api/v1/agents/probe")).status, 404);

  const changed = { communication: { heartbeatInterval: 7 } };
  assert.equal(
    (await control.call("PUT", "/api/v1/namespaces/lab", { config: changed })).status,
    200,
  );
  const again = await control.call("POST", "/api/v1/agents/probe/heartbeat?namespace=lab", {});
  assert.equal(again.body.intervalMs, 7000, "the agent stayed, the option changed");

  assert.equal((await control.call("DELETE", "/api/v1/namespaces/lab")).status, 204);
  assert.equal((await control.call("GET", "/api/v1/agents?namespace=lab")).status, 404);
  assert.equal((await control.call("PUT", "/api/v1/namespaces/lab", {})).status, 201);
  const { body: empty } = await control.call("GET", "/api/v1/agents?namespace=lab");
  assert.deepEqual(empty.agents, [], "a namespace made anew knows nothing of the old one");
});

test("A namespace's secrets are stored, not shown, and kept by whoever sends back what is shown", async (t) => {
  const server = await startServer(t);
  using control = new ControlSocket(server.socketPath);
  const dashboard = {
    webhookUrl: "http://ana:hush-hush@127.0.0.1:9/hook",
    webhookSecret: "hush-hush",
    webhookTimeout: 3,
  };
  const put = async (config: object) => control.call("PUT", "/api/v1/namespaces/lab", { config });
  const created = await put({ dashboard });
  const { body } = await control.call("GET", "/api/v1/namespaces");
  const listed = body.namespaces.find(({ name }: { name: string }) => name === "lab");
  for (const answer of [created.body, listed]) {
    assert.doesNotMatch(JSON.stringify(answer), /hush/);
    assert.equal(answer.running, true);
    assert.equal(answer.config.dashboard.webhookTimeout, 3);
  }
  const changed = { dashboard: { ...listed.config.dashboard, webhookTimeout: 4 } };
  assert.equal((await put(changed)).status, 200);
  await server.stop();
  using ledger = openLedger(join(server.dataFolder, "ledger.db"));
  const stored = (await new SqliteSecurityStore(ledger).namespaces()).find(
    ({ name }) => name === "lab",
  );
  assert.deepEqual(stored?.config, { dashboard: { ...dashboard, webhookTimeout: 4 } });
});

test("Wrong options of a namespace are refused, and what ran goes on", async (t) => {
  const server = await startServer(t);
  using control = new ControlSocket(server.socketPath);
  await control.call("POST", "/api/v1/agents", { agentId: "worker-1" });
  for (const [config, named] of [
    [{ communication: { heartbeatInterval: "soon" } }, /heartbeatInterval/],
    [{ communication: { heartbeatIntervall: 1 } }, /did you mean heartbeatInterval\?/],
    [{ dashboard: { refresh: 1 } }, /dashboard\.refresh/],
    [{ comunication: {} }, /comunication/],
    [{ tracker: { maxMetricsHistory: -1 } }, /maxMetricsHistory/],
  ] as const) {
    const refused = await control.call("PUT", "/api/v1/namespaces/default", { config });
    assert.equal(refused.status, 400, JSON.stringify(refused.body));
    assert.match(refused.body.detail, named);
  }
  assert.equal((await control.call("GET", "/api/v1/agents/worker-1")).status, 200);
});

test("A second server is refused the folder and the port in words", async (t) => {
  const server = await startServer(t);
  await assert.rejects(startServer(t, { dataFolder: server.dataFolder }), (error: Error) => {
    assert.match(error.message, new RegExp(`pid ${process.pid}`));
    return "code" in error && error.code === "storage.folder_in_use";
  });
  await assert.rejects(startServer(t, { port: server.port }), {
    code: "server.port_taken",
    message: new RegExp(String(server.port)),
  });
  assert.equal((await fetch(`${server.url}/readyz`)).status, 200, "the first one is unharmed");
});

test("The watcher hears nothing while the server is not ready or a namespace does not run", async (t) => {
  const asked: string[] = [];
  const watcher = createServer((request, response) => {
    asked.push(request.url ?? "");
    response.end();
  });
  await once(watcher.listen(0, "127.0.0.1"), "listening");
  t.after(() => watcher.close());
  const address = watcher.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const config = {
    "dashboard.deadManUrl": `http://127.0.0.1:${port}/server`,
    "dashboard.deadManInterval": 1,
    "dashboard.refreshInterval": 0.1,
  };
  const dataFolder = temporaryFolder(t);
  const first = await startServer(t, { dataFolder, config });
  while (asked.length < 2) await once(watcher, "request");
  assert.deepEqual(new Set(asked), new Set(["/server"]));
  await first.stop();

  // A namespace that an older version took, and this one does not.
  const ledger = openLedger(join(dataFolder, "ledger.db"));
  const record = { name: "lab", createdAtMs: 1, config: { communication: { gone: 1 } } };
  await new SqliteSecurityStore(ledger).putNamespace(record);
  ledger[Symbol.dispose]();
  asked.length = 0;
  const silent = Promise.withResolvers<unknown>();
  const warn = (event: string, details?: object): void => {
    if (event === "dashboard.not_well") silent.resolve(details);
  };
  const second = await startServer(t, { dataFolder, config, log: { ...noComponentLog, warn } });
  using control = new ControlSocket(second.socketPath);
  assert.equal((await control.call("GET", "/api/v1/agents")).status, 200);
  assert.deepEqual(await silent.promise, { problem: 'namespace "lab" does not run' });
  assert.deepEqual(asked, []);
  const kept = await control.call("PUT", "/api/v1/namespaces/lab", {});
  assert.match(kept.body.detail, /"communication\.gone" is no option/);
  const mended = await control.call("PUT", "/api/v1/namespaces/lab", { config: {} });
  assert.equal(mended.status, 200);
  while (asked.length === 0) await once(watcher, "request");
});

const CLI = fileURLToPath(new URL("../../src/cli/bin.ts", import.meta.url));
const END_LEDGER = new URL("../support/end-ledger.ts", import.meta.url).href;

test("A server that brings a backlog back listens, says so and takes nothing yet", async (t) => {
  const dataFolder = temporaryFolder(t);
  const messages = 30_000;
  await fillLedger(join(dataFolder, "ledger.db"), messages);
  const starting = startServer(t, { dataFolder });
  using control = new ControlSocket(join(dataFolder, "control.sock"));
  const early = await firstAnswer(control, "/readyz");
  assert.equal(early.status, 503);
  assert.match(
    early.body.checks.namespaces.detail,
    /^restoring: 0 of \d namespaces run, \d+ messages/,
  );
  const refused = await control.call("GET", "/api/v1/agents");
  assert.deepEqual([refused.status, refused.body.code], [503, "server.restoring"]);
  await starting;
  const { status, body } = await control.call("GET", "/readyz");
  assert.equal(status, 200, JSON.stringify(body));
  const { body: agent } = await control.call("GET", "/api/v1/agents/worker-1");
  assert.equal(agent.mailbox.ready.normal, messages);
});

test("A server whose ledger thread has ended is not ready, and doctor says why", async (t) => {
  const workers: Worker[] = [];
  const note = (worker: Worker): void => void workers.push(worker);
  process.on("worker", note);
  const server = await startServer(t);
  process.off("worker", note);
  using control = new ControlSocket(server.socketPath);
  await workers[0]?.terminate();
  assert.match((await server.switchboard.failed).message, /The ledger thread has ended/);
  const { status, body } = await control.call("GET", "/readyz");
  assert.equal(status, 503);
  assert.deepEqual([body.checks.ledger.ok, body.checks.series.ok], [false, true]);
  const doctor = spawn(process.execPath, [CLI, "doctor", "--data", server.dataFolder]);
  const [said, [code]] = await Promise.all([text(doctor.stdout), once(doctor, "exit")]);
  assert.equal(code, 1);
  assert.match(said, /ledger +The ledger thread has ended/);
});

test("`cellphone start` drains and fails when its ledger thread ends", async (t) => {
  const dataFolder = temporaryFolder(t);
  const words = [CLI, "start", "--json", "--port", "0", "--data", dataFolder];
  const child = spawn(process.execPath, ["--import", END_LEDGER, ...words], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  t.after(() => void child.kill("SIGKILL"));
  const exited = once(child, "exit");
  const events: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    const { event } = JSON.parse(line);
    events.push(event);
    if (event === "server.ready") child.kill("SIGUSR2");
  }
  const [code] = await exited;
  assert.equal(code, 1);
  assert.deepEqual(events.slice(-2), ["server.failed", "server.stopped"]);
  await startServer(t, { dataFolder });
});

async function fillLedger(path: string, messages: number): Promise<void> {
  using database = openLedger(path);
  const store = new SqliteCommunicationStore(database);
  const comm = new AgentCommunicationProtocol({ maxMailboxMessages: messages }, { store });
  await comm.registerAgent({ agentId: "worker-1" });
  const mail = { senderId: "planner", recipientId: "worker-1", type: "direct", payload: 1 };
  for (let sent = 0; sent < messages; sent += 250) {
    await comm.sendMany(Array.from({ length: 250 }, () => mail));
  }
  await comm.stop();
}

/** What the socket of a server that is being started answers as soon as there is one. */
async function firstAnswer(control: ControlSocket, path: string) {
  for (;;) {
    try {
      return await control.call("GET", path);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}
