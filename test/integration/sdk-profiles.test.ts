// Profiles of running agents, over their own connection: whatever language they are written in,
// however busy they are, and with words where there can be none.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";

import { requireDebian } from "../support/debian.ts";
import { agent, asAdmin, enrolmentUrl, until } from "../support/fleet.ts";
import { startServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
/** Far above what a test takes: orders do not wait for a heartbeat. */
const RARE = { config: { "communication.heartbeatInterval": 600 } };

/** A frame of a profile's tree of calls. */
interface Frame {
  readonly name: string;
  readonly file: string | null;
  readonly line: number | null;
  readonly self: number;
  readonly children: readonly Frame[];
}

/** Runs an agent's program until the test ends. */
async function program(
  t: TestContext,
  server: TestServer,
  command: readonly string[],
  name: string,
) {
  const [executable = "", ...args] = command;
  const child = spawn(executable, args, {
    env: {
      ...process.env,
      CELLPHONE_URL: await enrolmentUrl(server),
      CELLPHONE_NAME: name,
      PYTHONPATH: path.join(ROOT, "sdk/python"),
    },
    stdio: ["ignore", "inherit", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  await until("the agent", async () => {
    const { agents } = await asAdmin(server, "GET", `/api/v1/agents?text=${name}`);
    return agents.some((each: { id: string }) => each.id === name);
  });
  return child;
}

/** Orders a profile and waits for it. */
async function profileOf(server: TestServer, agentId: string, order: object) {
  const { id } = await asAdmin(server, "POST", `/api/v1/agents/${agentId}/profiles`, order);
  return asAdmin(server, "GET", `/api/v1/profiles/${id}?waitMs=30000`);
}

/** The frame with the most time or bytes of its own. */
async function heaviest(server: TestServer, profileId: string): Promise<Frame> {
  const { root } = await asAdmin(server, "GET", `/api/v1/profiles/${profileId}/tree`);
  let best: Frame = root;
  const look = (frame: Frame): void => {
    if (frame.self > best.self && !frame.name.startsWith("(")) best = frame;
    frame.children.forEach(look);
  };
  look(root);
  return best;
}

test("a profile of a TypeScript agent leads from slow to the line of code", async (t) => {
  const server = await startServer(t, RARE);
  const source = `
    import { connect } from ${JSON.stringify(path.join(ROOT, "src/client/index.ts"))};
    const phone = await connect({ name: "busy-ts" });
    let total = 0;
    function crunch() { for (let n = 0; n < 5e6; n++) total += Math.sqrt(n); }
    setInterval(crunch, 10);
  `;
  const command = [process.execPath, "--input-type=module", "--eval", source];
  await program(t, server, command, "busy-ts");
  const record = await profileOf(server, "busy-ts", { kind: "cpu", seconds: 1 });
  assert.deepEqual([record.state, record.reason], ["done", null]);
  assert.match(record.runtime, /^node \d/);
  assert.ok(record.samples > 100, `${record.samples} samples`);
  const frame = await heaviest(server, record.id);
  assert.deepEqual([frame.name, frame.line], ["crunch", 5]);
});

test("a Python agent is profiled by function, file and line, CPU and heap", async (t) => {
  const python = requireDebian(t, "python3");
  if (python === undefined) return;
  const server = await startServer(t, RARE);
  const source = `
import time
from agent_cellphone import Phone

phone = Phone()
kept = []

def crunch():
    return sum(n * n for n in range(100_000))

def grow():
    kept.append(bytearray(200_000))

while True:
    crunch()
    grow()
    time.sleep(0.002)
`;
  await program(t, server, [python, "-c", source], "busy-py");
  const record = await profileOf(server, "busy-py", { kind: "cpu", seconds: 1 });
  assert.deepEqual([record.state, record.reason], ["done", null]);
  assert.match(record.runtime, /^python 3\.\d/);
  const frame = await heaviest(server, record.id);
  assert.match(frame.name, /crunch|genexpr/);
  const heap = await profileOf(server, "busy-py", { kind: "heap", seconds: 1 });
  assert.deepEqual([heap.state, heap.reason], ["done", null]);
  assert.equal((await heaviest(server, heap.id)).line, 12);
});

test("a program under `cellphone run` without the SDK has no profile, and says why", async (t) => {
  const server = await startServer(t, RARE);
  const main = path.join(ROOT, "src/cli/main.ts");
  const command = [process.execPath, main, "run", "--name", "plain-1", "--", "sleep", "600"];
  const child = await program(t, server, command, "plain-1");
  const record = await profileOf(server, "plain-1", { kind: "cpu", seconds: 1 });
  assert.equal(record.state, "failed");
  assert.match(record.reason, /does not use the SDK/);
  child.kill("SIGTERM");
  await once(child, "exit");
});

test("an agent with the SDK under `cellphone run` takes the profile itself", async (t) => {
  const server = await startServer(t, RARE);
  const main = path.join(ROOT, "src/cli/main.ts");
  const source = `
    import { connect } from ${JSON.stringify(path.join(ROOT, "src/client/index.ts"))};
    const phone = await connect();
    await phone.run();
  `;
  const agentCommand = [process.execPath, "--input-type=module", "--eval", source];
  const command = [process.execPath, main, "run", "--name", "both-1", "--", ...agentCommand];
  const child = await program(t, server, command, "both-1");
  await until("the SDK inside", async () => {
    const { instance } = await asAdmin(server, "GET", "/api/v1/agents/both-1");
    return /^node \d+\.\d+\.\d+$/.test(instance?.runtime);
  });
  const record = await profileOf(server, "both-1", { kind: "cpu", seconds: 8 });
  assert.deepEqual([record.state, record.reason], ["done", null]);
  child.kill("SIGTERM");
  await once(child, "exit");
});

test("a profile that is under way when its agent leaves fails in words", async (t) => {
  const server = await startServer(t, RARE);
  const phone = await agent(t, await enrolmentUrl(server), "leaver");
  const order = { kind: "cpu", seconds: 60 };
  const { id } = await asAdmin(server, "POST", "/api/v1/agents/leaver/profiles", order);
  await until("its start", async () => {
    return (await asAdmin(server, "GET", `/api/v1/profiles/${id}`)).state === "running";
  });
  await phone.close();
  const record = await asAdmin(server, "GET", `/api/v1/profiles/${id}?waitMs=10000`);
  assert.equal(record.state, "failed");
  assert.match(record.reason, /left/);
});
