// The command line against a real server, and the wrapper around real programs.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";

import type { AgentView } from "../../src/communication/index.ts";
import { unseal } from "../../src/security/index.ts";
import { ControlSocket } from "../support/control.ts";
import { spawnServer, startServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const CLI = fileURLToPath(new URL("../../src/cli/bin.ts", import.meta.url));
const PATIENCE_MS = 20_000;

/** Variables of this process that would steer the command are left behind. */
function environment(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith("CELLPHONE_"));
  return { ...Object.fromEntries(kept), NO_COLOR: "1", ...extra };
}

function spawnCellphone(
  t: TestContext,
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): ChildProcess {
  const child = spawn(process.execPath, [CLI, ...words], {
    env: environment(env),
    cwd: temporaryFolder(t),
    stdio: ["pipe", "pipe", "pipe"],
  });
  t.after(() => void child.kill("SIGKILL"));
  return child;
}

interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

async function outcomeOf(child: ChildProcess): Promise<Outcome> {
  assert.ok(child.stdout !== null && child.stderr !== null);
  const [out, err, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  return { code, out, err };
}

/** Runs one command on a server's socket and expects it to succeed. */
async function cellphone(
  t: TestContext,
  server: TestServer,
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const child = spawnCellphone(t, [...words, "--data", server.dataFolder], env);
  child.stdin?.end();
  const { code, out, err } = await outcomeOf(child);
  assert.equal(code, 0, `cellphone ${words.join(" ")}: ${err}`);
  return out;
}

/** Asks again until the answer is as wanted; a real process takes the time it takes. */
async function until<Answer>(
  ask: () => Promise<Answer>,
  wanted: (answer: Answer) => boolean,
  what: string,
): Promise<Answer> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  for (;;) {
    const answer = await ask();
    if (wanted(answer)) return answer;
    const shown = JSON.stringify(answer);
    assert.ok(performance.now() < deadlineMs, `${what} did not happen: ${shown}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function agentOf(control: ControlSocket, id: string): Promise<AgentView | undefined> {
  const { status, body } = await control.call("GET", `/api/v1/agents/${id}`);
  return status === 200 ? body : undefined;
}

function wrap(
  t: TestContext,
  server: { readonly dataFolder: string },
  options: readonly string[],
  program: readonly string[],
): ChildProcess {
  const words = ["run", "--data", server.dataFolder, ...options, "--", ...program];
  return spawnCellphone(t, words);
}

const PRINT_IDENTITY = `console.log(JSON.stringify(Object.fromEntries(Object.entries(process.env)
  .filter(([name]) => name.startsWith("CELLPHONE_")))));`;
const STAY = "setInterval(() => {}, 1000);";

test("start serves until SIGTERM, drains, exits 0, and finds its data again", async (t) => {
  const dataFolder = temporaryFolder(t);
  const first = await spawnServer(t, dataFolder);
  using control = new ControlSocket(first.socketPath);
  const registered = await control.call("POST", "/api/v1/agents", {
    agentId: "kept",
    capabilities: ["remember"],
  });
  assert.equal(registered.status, 201);
  assert.equal(await first.end("SIGTERM"), 0);

  const second = await spawnServer(t, dataFolder);
  using again = new ControlSocket(second.socketPath);
  assert.deepEqual((await agentOf(again, "kept"))?.capabilities, ["remember"]);
  assert.equal(await second.end("SIGINT"), 0);
});

test("start refuses a folder that is in use, with words and exit code 1", async (t) => {
  const server = await startServer(t);
  const child = spawnCellphone(t, ["start", "--port", "0", "--data", server.dataFolder]);
  const { code, err } = await outcomeOf(child);
  assert.equal(code, 1);
  assert.match(err, /in use|already/i);
  assert.doesNotMatch(err, /\n\s+at /, "no stack trace");
});

test("commands cover a message's life over the control socket", async (t) => {
  const server = await startServer(t);
  using control = new ControlSocket(server.socketPath);
  for (const agentId of ["ada", "bob"]) {
    await control.call("POST", "/api/v1/agents", { agentId, capabilities: ["count"] });
  }
  const listed: AgentView[] = JSON.parse(
    await cellphone(t, server, ["agents", "--capability", "count", "--json"]),
  );
  assert.deepEqual(listed.map(({ id }) => id).sort(), ["ada", "bob"]);

  assert.match(
    await cellphone(t, server, ["send", "ada", '{"n":1}', "--from", "bob", "--priority", "high"]),
    /^msg_\w+ {2}accepted/,
  );
  assert.match(await cellphone(t, server, ["inbox", "ada"]), /1 high.*\{"n":1\}/s);
  assert.match(
    await cellphone(t, server, ["claim", "ada", "--done"]),
    /direct from bob, attempt 1/,
  );
  assert.match(
    await cellphone(t, server, ["messages", "--agent", "ada"]),
    /bob +ada +direct +done/,
  );
  assert.match(await cellphone(t, server, ["conversations"]), /bob, ada/);

  await cellphone(t, server, ["send", "ada", "x", "--task", "index repo"]);
  assert.match(await cellphone(t, server, ["tasks", "--open"]), /submitted.*index repo/);
  await cellphone(t, server, ["claim", "ada", "--dead-letter", "no such repo"]);
  assert.match(await cellphone(t, server, ["dead-letters"]), /rejected +no such repo/);
  assert.match(
    await cellphone(t, server, ["dead-letters", "redrive"]),
    /^1 dead letter is back in its inbox/,
  );

  assert.match(await cellphone(t, server, ["pause", "ada", "--reason", "why"]), /paused/);
  assert.match(await cellphone(t, server, ["agents", "show", "ada"]), /paused +by .*: why/);
  assert.match(await cellphone(t, server, ["resume", "ada"]), /resumed/);
  assert.match(await cellphone(t, server, ["audit", "--action", "agent.pause"]), /agent:ada/);
  assert.match(await cellphone(t, server, ["agents", "remove", "bob"]), /bob is removed/);
  assert.match(await cellphone(t, server, ["status"]), /health \d+/);
  assert.match(await cellphone(t, server, ["events"]), /ada +joined/);
});

test("conversations prints a long conversation from its start to its end", async (t) => {
  const server = await startServer(t);
  using control = new ControlSocket(server.socketPath);
  await control.call("POST", "/api/v1/agents", { agentId: "ada" });
  for (let first = 0; first < 1050; first += 150) {
    const messages = Array.from({ length: 150 }, (_, index) => ({
      recipientId: "ada",
      type: "direct",
      payload: first + index,
      conversationId: "long",
    }));
    const sent = await control.call("POST", "/api/v1/messages/batch", { messages });
    assert.equal(sent.status, 200);
  }
  const all: { message: { id: string; payload: number } }[] = JSON.parse(
    await cellphone(t, server, ["conversations", "long", "--json"]),
  );
  assert.deepEqual(
    all.map(({ message }) => message.payload),
    Array.from({ length: 1050 }, (_, index) => index),
  );
  const before = all[2]?.message.id ?? "";
  const oldest = await cellphone(t, server, ["conversations", "long", "--before", before]);
  assert.equal(oldest.match(/→ ada/g)?.length, 2);
});

test("an agent writes to the operator, who sees it and answers", async (t) => {
  const server = await startServer(t);
  using control = new ControlSocket(server.socketPath);
  await control.call("POST", "/api/v1/agents", { agentId: "ada" });
  const question = {
    senderId: "ada",
    recipientId: "operator",
    type: "direct",
    payload: { text: "Which branch?" },
    expectsReply: true,
  };
  const { messageId } = (await control.call("POST", "/api/v1/messages", question)).body;
  assert.match(await cellphone(t, server, ["events"]), /ada .*writes to you: Which branch\?/);
  assert.match(await cellphone(t, server, ["status"]), /ada waits for your answer/);
  const answered = await control.call("POST", "/api/v1/messages", {
    recipientId: "ada",
    type: "direct",
    payload: "main",
    replyToId: messageId,
  });
  assert.equal(answered.status, 201);
  assert.match(
    await cellphone(t, server, ["claim", "ada", "--done"]),
    /direct from operator, attempt 1/,
  );
  assert.doesNotMatch(await cellphone(t, server, ["status"]), /waits for your answer/);
});

test("send --wait prints the answer", async (t) => {
  const server = await startServer(t);
  using control = new ControlSocket(server.socketPath);
  await control.call("POST", "/api/v1/agents", { agentId: "ada", capabilities: [] });
  const asked = cellphone(t, server, ["send", "ada", "6*7", "--wait", "30s", "--json"]);
  const claimed = await control.call("POST", "/api/v1/inbox/ada/claim", { waitMs: 30_000 });
  const [{ token }] = claimed.body.messages;
  await control.call("POST", "/api/v1/leases/done", { token, reply: { answer: 42 } });
  assert.deepEqual(JSON.parse(await asked).payload, { answer: 42 });
});

test("events --follow prints what happens until Ctrl-C, and exits 0", async (t) => {
  const server = await startServer(t);
  using control = new ControlSocket(server.socketPath);
  const child = spawnCellphone(t, ["events", "--follow", "--json", "--data", server.dataFolder]);
  assert.ok(child.stdout !== null);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const names = ["ada", "bob"];
  for (const agentId of names) {
    await control.call("POST", "/api/v1/agents", { agentId, capabilities: [] });
    const event = JSON.parse((await lines.next()).value ?? "");
    assert.deepEqual([event.kind, event.agentId], ["joined", agentId]);
  }
  child.kill("SIGINT");
  const [code] = await once(child, "close");
  assert.equal(code, 0);
});

test("login prints a link whose code signs in once", async (t) => {
  const server = await startServer(t);
  const { url, code } = JSON.parse(await cellphone(t, server, ["login", "--json"]));
  assert.equal(url, `${server.url}/in#${code}`);
  const redeem = () =>
    fetch(`${server.url}/in`, {
      method: "POST",
      headers: { "content-type": "application/json", origin: server.url },
      body: JSON.stringify({ code }),
    });
  assert.equal((await redeem()).status, 204);
  assert.equal((await redeem()).status, 401);
});

test("metrics are recorded, summed up and exported", async (t) => {
  const server = await startServer(t);
  for (const value of ["1", "2", "3"]) {
    await cellphone(t, server, ["metrics", "record", "latency", value, "--context", "op=index"]);
  }
  const { metrics } = JSON.parse(
    await cellphone(t, server, ["metrics", "summary", "latency", "--json"]),
  );
  assert.equal(metrics.latency.count, 3);
  assert.equal(metrics.latency.avg, 2);
  const file = join(temporaryFolder(t), "metrics.json");
  await cellphone(t, server, ["metrics", "export", "--metric", "latency", "--out", file]);
  const exported = JSON.parse(readFileSync(file, "utf8"));
  assert.equal(exported.format, "agent-cellphone/metrics");
  assert.deepEqual(
    exported.samples.map((sample: { value: number }) => sample.value),
    [3, 2, 1],
  );
  assert.deepEqual(exported.samples[0].context, { op: "index" });
  assert.equal(exported.truncated, false);
  const part = JSON.parse(await cellphone(t, server, ["metrics", "export", "--limit", "2"]));
  assert.deepEqual([part.samples.length, part.truncated], [2, true]);
});

test("export seals for a passphrase, and the sealed file opens to the same JSON", async (t) => {
  const server = await startServer(t);
  const file = join(temporaryFolder(t), "fleet.json.age");
  const words = ["export", "--passphrase", "--out", file];
  const said = await cellphone(t, server, words, { CELLPHONE_PASSPHRASE: "calm otters" });
  assert.match(said, /sealed in the age format/);
  const opened = await unseal(readFileSync(file), { passphrase: "calm otters" });
  const parsed = JSON.parse(new TextDecoder().decode(opened));
  assert.equal(parsed.namespace, "default");
});

test("namespaces keep fleets apart and are purged only when asked twice", async (t) => {
  const server = await startServer(t);
  await cellphone(t, server, ["namespaces", "create", "other"]);
  assert.match(await cellphone(t, server, ["namespaces"]), /^other/m);
  const refused = spawnCellphone(t, ["namespaces", "purge", "other", "--data", server.dataFolder]);
  refused.stdin?.end();
  const { code, err } = await outcomeOf(refused);
  assert.equal(code, 2);
  assert.match(err, /add --yes/);
  await cellphone(t, server, ["namespaces", "purge", "other", "--yes"]);
  assert.doesNotMatch(await cellphone(t, server, ["namespaces"]), /^other/m);
});

test("commands reach a server by --url with a key, and say what a wrong key is", async (t) => {
  const server = await startServer(t);
  const child = spawnCellphone(t, ["agents", "--json"], {
    CELLPHONE_URL: server.url,
    CELLPHONE_KEY: server.key,
  });
  assert.deepEqual(await outcomeOf(child), { code: 0, out: "[]\n", err: "" });
  const wrong = spawnCellphone(t, ["agents", "--url", server.url, "--key", "admin_wrong"]);
  const { code, err } = await outcomeOf(wrong);
  assert.equal(code, 1);
  assert.match(err, /^error: .+\n +.+/);
});

test("run gives a program its identity and ends with its exit code", async (t) => {
  const server = await startServer(t);
  using control = new ControlSocket(server.socketPath);
  const script = `${PRINT_IDENTITY} console.error("oops"); process.exitCode = 3;`;
  const child = wrap(t, server, ["--name", "w-1", "-c", "a,b"], [process.execPath, "-e", script]);
  const { code, out, err } = await outcomeOf(child);
  assert.equal(code, 3, err);
  const identity = JSON.parse(out);
  assert.equal(identity.CELLPHONE_URL, server.url);
  assert.equal(identity.CELLPHONE_NAME, "w-1");
  assert.equal(identity.CELLPHONE_NAMESPACE, "default");
  assert.match(identity.CELLPHONE_KEY, /^agent_/);
  assert.match(err, /^oops$/m);

  const agent = await agentOf(control, "w-1");
  assert.ok(agent !== undefined);
  assert.equal(agent.instance?.id, identity.CELLPHONE_INSTANCE);
  assert.match(agent.instance?.runtime ?? "", /^node \d+\.\d+$/);
  assert.deepEqual(agent.capabilities, ["a", "b"]);
  assert.equal(agent.presence.state, "down");
  assert.equal(agent.presence.exitCode, 3);
  const log = await control.call("GET", "/api/v1/agents/w-1/log");
  const lines: { stream: string; text: string }[] = log.body.lines;
  assert.deepEqual(
    lines.map(({ stream, text }) => [stream, text.slice(0, 5)]),
    [
      ["stdout", '{"CEL'],
      ["stderr", "oops"],
    ],
  );
});

test("run reports CPU and memory of the whole tree, as metrics too", async (t) => {
  const server = await startServer(t, { config: { "communication.heartbeatInterval": 1 } });
  using control = new ControlSocket(server.socketPath);
  const script = `require("node:child_process").spawn(process.execPath,
    ["-e", "for (;;);"], { stdio: "inherit" }); ${STAY}`;
  const child = wrap(t, server, ["--name", "busy"], [process.execPath, "-e", script]);
  const agent = await until(
    () => agentOf(control, "busy"),
    (view) => (view?.presence.process?.cpuPercent ?? 0) > 10,
    "CPU of a child process",
  );
  assert.equal(agent?.presence.process?.processes, 2);
  assert.ok((agent?.presence.process?.memoryBytes ?? 0) > 40_000_000);
  await until(
    async () => (await control.call("GET", "/api/v1/metrics/summary?agentId=busy")).body.metrics,
    (metrics) => metrics.cpu_usage?.max > 10 && metrics.memory_usage?.min > 1_000_000,
    "metrics of usage",
  );
  child.kill("SIGTERM");
  await once(child, "close");
});

test("run: a stopped program still heartbeats, and its state is not told as progress", async (t) => {
  const server = await startServer(t, { config: { "communication.heartbeatInterval": 1 } });
  using control = new ControlSocket(server.socketPath);
  const child = wrap(t, server, ["--name", "held"], ["sleep", "300"]);
  const before = await until(
    () => agentOf(control, "held"),
    (view) => typeof view?.presence.lastHeartbeatAtMs === "number",
    "a first heartbeat",
  );
  process.kill(before?.instance?.pid ?? 0, "SIGSTOP");
  const beat = before?.presence.lastHeartbeatAtMs ?? 0;
  const after = await until(
    () => agentOf(control, "held"),
    (view) => (view?.presence.lastHeartbeatAtMs ?? 0) > beat + 1500,
    "heartbeats of a stopped program",
  );
  assert.equal(after?.presence.lastOutputAtMs, null);
  child.kill("SIGTERM");
  const [code] = await once(child, "close");
  assert.equal(code, 143);
  assert.equal((await agentOf(control, "held"))?.presence.state, "down");
});

test("run restarts its program on request, under the same name and key", async (t) => {
  const server = await startServer(t, { config: { "communication.heartbeatInterval": 1 } });
  using control = new ControlSocket(server.socketPath);
  const child = wrap(t, server, ["--name", "w"], [process.execPath, "-e", PRINT_IDENTITY + STAY]);
  assert.ok(child.stdout !== null);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const first = JSON.parse((await lines.next()).value ?? "");
  const accepted = await control.call("POST", "/api/v1/agents/w/restart", {});
  assert.equal(accepted.status, 202);
  const second = JSON.parse((await lines.next()).value ?? "");
  assert.equal(second.CELLPHONE_KEY, first.CELLPHONE_KEY);
  assert.notEqual(second.CELLPHONE_INSTANCE, first.CELLPHONE_INSTANCE);
  await until(
    () => agentOf(control, "w"),
    (view) => view?.instance?.id === second.CELLPHONE_INSTANCE && view?.presence.state === "idle",
    "the new instance",
  );
  child.kill("SIGTERM");
  await once(child, "close");
});

test("run --restart on-failure starts again until the program ends well", async (t) => {
  const server = await startServer(t);
  const marker = join(temporaryFolder(t), "ran");
  const script = `const fs = require("node:fs"); const first = !fs.existsSync(${JSON.stringify(marker)});
    fs.writeFileSync(${JSON.stringify(marker)}, ""); process.exit(first ? 1 : 0);`;
  const options = ["--name", "w", "--restart", "on-failure"];
  const child = wrap(t, server, options, [process.execPath, "-e", script]);
  const { code, err } = await outcomeOf(child);
  assert.equal(code, 0);
  assert.match(err, /the program exited with code 1; starting again in 1 s/);
});

test("run refuses a name that lives elsewhere, takes over a dead one's, and ends a replaced one", async (t) => {
  const server = await startServer(t, { config: { "communication.heartbeatInterval": 1 } });
  using control = new ControlSocket(server.socketPath);
  const first = wrap(t, server, ["--name", "w"], ["sleep", "300"]);
  const alive = await until(
    () => agentOf(control, "w"),
    (view) => typeof view?.presence.lastHeartbeatAtMs === "number",
    "the first one's heartbeat",
  );
  const second = await outcomeOf(wrap(t, server, ["--name", "w"], ["sleep", "300"]));
  assert.equal(second.code, 1);
  assert.match(second.err, /"w" is held by a live process/);

  // Killed without a chance to say so: the guard ends its program, and the name is free.
  first.kill("SIGKILL");
  await once(first, "close");
  const third = wrap(t, server, ["--name", "w"], ["sleep", "300"]);
  await until(
    () => agentOf(control, "w"),
    (view) => view?.instance?.id !== alive?.instance?.id,
    "the take-over of a dead one's name",
  );
  const fourth = wrap(t, server, ["--name", "w", "--replace"], ["sleep", "300"]);
  const { code, err } = await outcomeOf(third);
  assert.match(err, /Ending this one/);
  assert.equal(code, 143);
  fourth.kill("SIGTERM");
  await once(fourth, "close");
});

test("run joins with an enrolment string from its environment", async (t) => {
  const server = await startServer(t);
  const line = await cellphone(t, server, ["enrol", "--note", "test"]);
  const url = /^CELLPHONE_URL=(http:\/\/enrol_\w+@127\.0\.0\.1:\d+)\n$/.exec(line)?.[1] ?? "";
  const child = spawnCellphone(
    t,
    ["run", "--name", "far", "--", process.execPath, "-e", PRINT_IDENTITY],
    { CELLPHONE_URL: url },
  );
  const { code, out, err } = await outcomeOf(child);
  assert.equal(code, 0, err);
  assert.equal(JSON.parse(out).CELLPHONE_URL, server.url, "the secret stays with the wrapper");
});

test("run outlives the server and reports again when it is back", async (t) => {
  const dataFolder = temporaryFolder(t);
  const first = await spawnServer(t, dataFolder);
  const child = wrap(t, { dataFolder }, ["--name", "w"], ["sleep", "300"]);
  using before = new ControlSocket(first.socketPath);
  const joined = await until(
    () => agentOf(before, "w"),
    (view) => typeof view?.presence.lastHeartbeatAtMs === "number",
    "a first heartbeat",
  );
  await first.end("SIGKILL");
  // On another port: the wrapper finds it through the socket.
  const second = await spawnServer(t, dataFolder);
  using after = new ControlSocket(second.socketPath);
  const again = await until(
    () => agentOf(after, "w"),
    (view) => (view?.presence.lastHeartbeatAtMs ?? 0) > (joined?.presence.lastHeartbeatAtMs ?? 0),
    "a heartbeat after the restart",
  );
  assert.equal(again?.instance?.id, joined?.instance?.id, "the same program all along");
  child.kill("SIGTERM");
  await once(child, "close");
  await second.end("SIGTERM");
});

test("run says that a program is not found, with exit code 127", async (t) => {
  const server = await startServer(t);
  const child = wrap(t, server, ["--name", "w"], ["no-such-program"]);
  const { code, err } = await outcomeOf(child);
  assert.equal(code, 127);
  assert.match(err, /"no-such-program" is not in PATH/);
});
