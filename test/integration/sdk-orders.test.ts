// Orders from whoever runs the fleet: they reach both SDKs and the wrapper within moments, however
// far apart heartbeats are, and keep no finished program alive.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { test } from "node:test";

import { CellphoneClientError } from "../../src/client/index.ts";
import { requireDebian } from "../support/debian.ts";
import { agent, asAdmin, enrolmentUrl, until } from "../support/fleet.ts";
import { startServer } from "../support/server.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
/** Far above what a test takes: whatever arrives did not wait for a heartbeat. */
const RARE = { config: { "communication.heartbeatInterval": 600 } };

test("a phone hears of pause, quarantine, release and restart without waiting for a heartbeat", async (t) => {
  const server = await startServer(t, RARE);
  const phone = await agent(t, await enrolmentUrl(server), "worker-1");
  const heard: string[] = [];
  phone.onPause((paused) => heard.push(paused ? "paused" : "resumed"));
  const order = (name: string) => asAdmin(server, "POST", `/api/v1/agents/worker-1/${name}`, {});
  await order("pause");
  await until("the pause", () => heard.includes("paused") && phone.paused);
  await asAdmin(server, "POST", "/api/v1/agents/worker-1/resume");
  await until("the resumption", () => heard.includes("resumed") && !phone.paused);
  await order("quarantine");
  await until("the quarantine", () => phone.quarantined);
  await asAdmin(server, "POST", "/api/v1/agents/worker-1/release");
  await until("the release", () => !phone.quarantined);
  // Nobody listens: it stays for a wrapper, and later orders arrive all the same.
  await asAdmin(server, "POST", "/api/v1/agents/worker-1/restart");
  await order("pause");
  await until("the second pause", () => phone.paused);
  phone.onRestart(() => heard.push("restart"));
  await asAdmin(server, "POST", "/api/v1/agents/worker-1/resume");
  await until("the restart", () => heard.includes("restart"));
  assert.deepEqual(heard.toSorted(), ["paused", "paused", "restart", "resumed", "resumed"]);
});

for (const [how, listener] of [
  ["ends the process", "process.exit(0)"],
  ["closes the phone", "void phone.close()"],
  ["throws, and then the process ends", "{ setTimeout(() => process.exit(0)); throw Error('x'); }"],
] as const) {
  test(`a restart is not asked for again when its listener ${how}`, async (t) => {
    const server = await startServer(t, RARE);
    const client = JSON.stringify(path.join(ROOT, "src/client/index.ts"));
    const program = `
      const { connect } = await import(${client});
      const phone = await connect({ name: "worker-1" });
      phone.onRestart(() => ${listener});
      await phone.run();
    `;
    const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
      env: { ...process.env, CELLPHONE_URL: await enrolmentUrl(server) },
      stdio: ["ignore", "inherit", "ignore"],
    });
    t.after(() => child.kill("SIGKILL"));
    await until("the agent", async () => {
      const { agents } = await asAdmin(server, "GET", "/api/v1/agents?text=worker-1");
      return (agents[0]?.presence.lastHeartbeatAtMs ?? null) !== null;
    });
    await asAdmin(server, "POST", "/api/v1/agents/worker-1/restart");
    assert.deepEqual(await once(child, "exit"), [0, null]);
    const beat = await asAdmin(server, "POST", "/api/v1/agents/worker-1/heartbeat", {});
    assert.deepEqual(beat.commands, []);
  });
}

test("closing a phone ends its open heartbeat at once", async (t) => {
  const server = await startServer(t, RARE);
  const phone = await agent(t, await enrolmentUrl(server), "worker-1");
  const startedMs = performance.now();
  await phone.close();
  assert.ok(performance.now() - startedMs < 5000);
  const { presence } = await asAdmin(server, "GET", "/api/v1/agents/worker-1");
  assert.equal(presence.reason, "it left");
});

test("a quarantined agent may send and finish nothing; finished work is settled on release", async (t) => {
  const server = await startServer(t, {
    config: { "communication.leaseDuration": 1, "communication.heartbeatInterval": 1 },
  });
  const url = await enrolmentUrl(server);
  const phone = await agent(t, url, "worker-1");
  const asker = await agent(t, url, "asker");
  const entered = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  let runs = 0;
  phone.on("direct", async () => {
    runs += 1;
    entered.resolve();
    await gate.promise;
    return "answer";
  });
  const asked = asker.request("worker-1", "direct", null, { timeout: "1m" });
  await entered.promise;
  await asAdmin(server, "POST", "/api/v1/agents/worker-1/quarantine", { reason: "leaks" });
  await assert.rejects(phone.send("asker", "direct", 1), (error) => {
    assert.ok(error instanceof CellphoneClientError);
    assert.deepEqual(
      [error.code, error.status, error.retryable],
      ["communication.agent_quarantined", 403, false],
    );
    return /quarantined by operator: leaks/.test(error.message);
  });
  gate.resolve();
  await until("its lease to lapse", async () => {
    const counts = await asAdmin(server, "GET", "/api/v1/inbox/worker-1");
    return counts.leased === 0;
  });
  await asAdmin(server, "POST", "/api/v1/agents/worker-1/release");
  assert.equal((await asked).payload, "answer");
  assert.equal(runs, 1);
});

test("a program without handlers ends by itself although its heartbeat is open", async (t) => {
  const server = await startServer(t, RARE);
  const client = JSON.stringify(path.join(ROOT, "src/client/index.ts"));
  const program = `
    const { connect } = await import(${client});
    const phone = await connect({ name: "short" });
    phone.record("done", 1);
  `;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    env: { ...process.env, CELLPHONE_URL: await enrolmentUrl(server) },
    stdio: ["ignore", "inherit", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  const [code] = await once(child, "exit");
  assert.equal(code, 0);
  const { presence } = await asAdmin(server, "GET", "/api/v1/agents/short");
  assert.equal(presence.reason, "it left");
});

test("a frozen process is noticed although its heartbeat is open, and welcomed back", async (t) => {
  const server = await startServer(t, { config: { "communication.heartbeatInterval": 1 } });
  const client = JSON.stringify(path.join(ROOT, "src/client/index.ts"));
  const program = `
    const { connect } = await import(${client});
    const phone = await connect({ name: "frozen" });
    await phone.run();
  `;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    env: { ...process.env, CELLPHONE_URL: await enrolmentUrl(server) },
    stdio: ["ignore", "inherit", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  const stateIs = (wanted: string) =>
    until(wanted, async () => {
      const { agents } = await asAdmin(server, "GET", "/api/v1/agents?text=frozen");
      const { state, lastHeartbeatAtMs } = agents[0]?.presence ?? {};
      // Silence means nothing of an agent that has not shown life by itself yet.
      return state === wanted && lastHeartbeatAtMs !== null;
    });
  await stateIs("idle");
  child.kill("SIGSTOP");
  await stateIs("down");
  child.kill("SIGCONT");
  await stateIs("idle");
});

test("a Python phone hears orders at once, and closes at once", async (t) => {
  const python = requireDebian(t, "python3");
  if (python === undefined) return;
  const server = await startServer(t, RARE);
  const program = `
import sys, time
from agent_cellphone import CellphoneClientError, Phone
phone = Phone(name="snake")
print("ready", flush=True)
phone.on_pause(lambda paused: print("paused" if paused else "resumed", flush=True))
while not phone.quarantined:
    time.sleep(0.01)
try:
    phone.send("snake", "direct", 1)
except CellphoneClientError as error:
    print(error.code, flush=True)
while phone.quarantined:
    time.sleep(0.01)
began = time.monotonic()
phone.close()
print("closed", time.monotonic() - began < 5, flush=True)
`;
  const child = spawn(python, ["-c", program], {
    env: {
      ...process.env,
      CELLPHONE_URL: await enrolmentUrl(server),
      PYTHONPATH: path.join(ROOT, "sdk/python"),
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  let told = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (told += chunk));
  await until("the agent", () => told.includes("ready"));
  for (const [order, seen] of [
    ["pause", "paused"],
    ["resume", "resumed"],
    ["quarantine", "communication.agent_quarantined"],
    ["release", "closed True"],
  ] as const) {
    const body = order === "pause" || order === "quarantine" ? {} : undefined;
    await asAdmin(server, "POST", `/api/v1/agents/snake/${order}`, body);
    await until(seen, () => told.includes(seen));
  }
});

test("a program under `cellphone run` is restarted at once, without an SDK of its own", async (t) => {
  const server = await startServer(t, RARE);
  const child = spawn(
    process.execPath,
    [path.join(ROOT, "src/cli/main.ts"), "run", "--name", "plain-1", "--", "sleep", "600"],
    {
      env: { ...process.env, CELLPHONE_URL: await enrolmentUrl(server) },
      stdio: ["ignore", "ignore", "pipe"],
    },
  );
  t.after(() => child.kill("SIGTERM"));
  let told = "";
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (told += chunk));
  const instance = async (): Promise<string | undefined> => {
    const { agents } = await asAdmin(server, "GET", "/api/v1/agents?text=plain-1");
    return agents[0]?.presence.lastHeartbeatAtMs === null ? undefined : agents[0]?.instance?.id;
  };
  const first = await until("the program", instance);
  await asAdmin(server, "POST", "/api/v1/agents/plain-1/restart");
  await until("another process", async () => {
    const now = await instance();
    return now !== undefined && now !== first;
  });
  assert.match(told, /asked to restart/);
  child.kill("SIGTERM");
  await once(child, "exit");
});
