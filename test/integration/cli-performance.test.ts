// The commands about services, calls, alerts, profiles, traces and figures against a real server,
// with a real service behind its gateway and a real agent to profile.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import path from "node:path";
import { Readable } from "node:stream";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { gunzipSync } from "node:zlib";

import { run } from "../../src/cli/index.ts";
import type { MessageWithDeliveries } from "../../src/communication/index.ts";
import { agent, asAdmin, enrolmentUrl, until } from "../support/fleet.ts";
import { startServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { startUpstream } from "../support/upstream.ts";

/** Runs commands of one person at one server. */
class Shell {
  readonly server: TestServer;
  readonly directory: string;

  constructor(server: TestServer, directory: string) {
    this.server = server;
    this.directory = directory;
  }

  /** Standard output of a command that succeeds. */
  async ok(...words: string[]): Promise<string> {
    const { code, out, err } = await this.run(...words);
    assert.equal(code, 0, `cellphone ${words.join(" ")}: ${err}`);
    return out;
  }

  /** The JSON that a command prints. */
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers of any shape
  async json(...words: string[]): Promise<any> {
    return JSON.parse(await this.ok(...words, "--json"));
  }

  async run(...words: string[]): Promise<{ code: number; out: string; err: string }> {
    let out = "";
    let err = "";
    const { directory, server } = this;
    const code = await run(["node", "cellphone", ...words], {
      stdout: { write: (text) => (out += text) },
      stderr: { write: (text) => (err += text) },
      stdin: Readable.from([]),
      env: { CELLPHONE_DATA: server.dataFolder },
      directory,
    });
    return { code, out, err };
  }
}

async function shell(t: TestContext): Promise<Shell> {
  return new Shell(await startServer(t), temporaryFolder(t));
}

test("cellphone services adds, limits, checks, shows and removes services", async (t) => {
  const cli = await shell(t);
  const upstream = await startUpstream(t);
  assert.match(await cli.ok("services"), /No service yet\. Add one: cellphone services add/);
  const added = await cli.ok(
    "services",
    "add",
    "search",
    upstream.url,
    "--health=/healthz",
    "--limit=100/20",
    "--agent-limit=10",
    "--name=Search",
  );
  assert.match(added, /search is registered: . (unknown|healthy)\n +\/v1\/search\/\*\*/);
  const [service] = await cli.json("services");
  assert.deepEqual(
    [service.id, service.name, service.rateLimit, service.agentRateLimit.requestsPerMinute],
    ["search", "Search", { requestsPerMinute: 100, burst: 20 }, 10],
  );
  assert.match(await cli.ok("services", "check", "search"), /search {2}■ healthy/);
  assert.match(
    await cli.ok("services"),
    /■ healthy .* search +v1 +1 +0 +– +– +100\/20, 10\/\d+ each/,
  );
  assert.match(
    await cli.ok("services", "limit", "search", "60", "--burst", "5"),
    /60\/min, burst 5/,
  );
  assert.match(await cli.ok("services", "limit", "search", "--none"), /as many calls as come/);
  const both = await cli.run("services", "limit", "search", "60", "--none");
  assert.deepEqual([both.code, /calls per minute/.test(both.err)], [2, true]);
  const shown = await cli.ok("services", "show", "search");
  assert.match(shown, /^search {2}■ healthy for /);
  assert.ok(shown.includes(upstream.url));
  assert.match(await cli.ok("services", "remove", "search"), /search is removed\./);
  const gone = await cli.run("services", "show", "search");
  assert.deepEqual([gone.code, /No service "search"/.test(gone.err)], [1, true]);
});

test("cellphone services add keeps a credential out of sight and warns when it is bare", async (t) => {
  const cli = await shell(t);
  const upstream = await startUpstream(t);
  const words = ["services", "add", "llm", upstream.url, "--credential"];
  const bare = await cli.run(...words, "authorization=Bearer very-secret");
  assert.equal(bare.code, 0);
  assert.match(bare.err, /warning: the credential is stored as it is; write \$\{NAME\}/);
  assert.doesNotMatch(bare.out + (await cli.ok("services", "show", "llm")), /very-secret/);
  const named = await cli.run(...words, "authorization=Bearer ${LLM_KEY}");
  assert.deepEqual([named.code, named.err], [0, ""]);
  assert.match(named.out, /unhealthy, its credential needs LLM_KEY, which is not set/);
});

test("cellphone trace takes an answer for what it answers", async (t) => {
  const cli = await shell(t);
  await keyOf(cli, "worker");
  const { messageId } = await cli.json("send", "worker", "--task", "look", "{}");
  const [claimed] = await cli.json("claim", "worker");
  const done = { token: claimed.token, reply: { seen: true } };
  await asAdmin(cli.server, "POST", "/api/v1/leases/done", done);
  const found: readonly MessageWithDeliveries[] = await cli.json("messages");
  const answer = found.find(({ message }) => message.replyToId === messageId);
  const asked = await cli.ok("trace", messageId);
  assert.match(asked, /task look +worker/);
  assert.equal(
    (await cli.ok("trace", answer?.message.id ?? "")).split(" ")[1],
    asked.split(" ")[1],
  );
});

test("cellphone calls and trace show what an agent called, by a part of the id", async (t) => {
  const cli = await shell(t);
  const upstream = await startUpstream(t);
  upstream.answer = (request, response) => {
    response.statusCode = request.url === "/fail" ? 503 : 200;
    response.end();
  };
  await cli.ok("services", "add", "search", upstream.url);
  assert.match(await cli.ok("calls"), /No call yet/);
  const gateway = await gatewayOf(cli);
  const key = await keyOf(cli, "caller");
  const headers = { authorization: `Bearer ${key}` };
  await fetch(`${gateway}/v1/search/fine`, { headers });
  await fetch(`${gateway}/v1/search/fail`, { headers });
  const failed = await until("the failed call", async () => {
    const calls = await cli.json("calls", "--status", "5xx", "--service", "search");
    return calls.length === 1 ? calls[0] : undefined;
  });
  assert.equal(failed.agentId, "caller");
  const list = await cli.ok("calls", "--agent", "caller", "--since", "1h");
  assert.match(list, /503 .* caller +search +GET \/v1\/search\/fail/);
  assert.match(list, /200 .* caller +search +GET \/v1\/search\/fine/);
  assert.equal((await cli.json("calls", "--failed")).length, 1);
  assert.match(await cli.ok("calls", "--text", "nowhere"), /No call is like that/);
  const shown = await cli.ok("calls", "show", failed.id.slice(0, 8));
  assert.match(shown, /^GET \/v1\/search\/fail {2}503\n/);
  assert.match(shown, new RegExp(`Trace ${failed.traceId} .*\n +call .*GET /v1/search/fail`));
  const trace = await cli.ok("trace", failed.id.slice(0, 8));
  assert.match(trace, new RegExp(`^Trace ${failed.traceId}`));
  const none = await cli.run("trace", "zzzz");
  assert.deepEqual([none.code, /No trace, call or alert is like/.test(none.err)], [1, true]);
});

test("cellphone alerts raises, takes on, gives back and resolves, by a part of the id", async (t) => {
  const cli = await shell(t);
  assert.match(await cli.ok("alerts"), /Nothing fires\./);
  const raised = await cli.ok("alerts", "add", "warning", "index is 4 h old", "--source", "cron");
  const [, short = ""] = /^Alert (\w+) fires/.exec(raised) ?? [];
  assert.match(
    await cli.ok("alerts"),
    new RegExp(`▲ warning +${short} .*index is 4 h old +nobody's`),
  );
  assert.match(await cli.ok("status"), /1 alert fires: 1 warning; nobody has taken it on/);
  const acked = await cli.ok("alerts", "ack", short, "--owner", "Dana", "--note", "on it");
  assert.match(acked, /is Dana's: index is 4 h old/);
  assert.match(await cli.ok("alerts", "show", short), /whose +Dana's for .*: on it/);
  await cli.ok("alerts", "unack", short);
  await cli.ok("alerts", "ack", short);
  assert.match(await cli.ok("alerts", "resolve", short, "--note", "rebuilt"), /is over/);
  assert.match(await cli.ok("alerts"), /Nothing fires/);
  assert.match(await cli.ok("alerts", "--all"), /· warning .*over/);
  const rules = await cli.ok("alerts", "rules");
  assert.match(rules, /service_failing +error 10 % +30 s/);
  const untold = await cli.run("alerts", "test");
  assert.equal(untold.code, 1);
  const bad = await cli.run("alerts", "add", "bad", "words");
  assert.deepEqual([bad.code, /Allowed choices are info, warning/.test(bad.err)], [2, true]);
});

test("cellphone quarantine and release hold an agent and let it go", async (t) => {
  const cli = await shell(t);
  await keyOf(cli, "worker-1");
  const held = await cli.ok("quarantine", "worker-1", "--reason", "leaked a key");
  assert.match(held, /worker-1 is in quarantine\. Undo: cellphone release worker-1/);
  assert.match(await cli.ok("agents"), /⊘ \w+, quarantined/);
  assert.match(
    await cli.ok("agents", "show", "worker-1"),
    /quarantined +by operator for .*: leaked a key/,
  );
  assert.match(await cli.ok("release", "worker-1"), /worker-1 is released\./);
  assert.match((await cli.run("quarantine", "nobody")).err, /There is no agent "nobody"/);
});

test("cellphone profile writes a running agent's profile and prints its top", async (t) => {
  const cli = await shell(t);
  await agent(t, await enrolmentUrl(cli.server), "busy");
  const work = setInterval(() => spin(20), 30);
  t.after(() => clearInterval(work));
  const name = path.join(cli.directory, "one");
  const out = await cli.ok("profile", "busy", "--seconds", "1", "-o", name);
  assert.match(out, /^busy {2}[\d,]+ samples in 1 s, node/);
  assert.match(out, /SELF +WITH CALLS +FUNCTION +WHERE/);
  assert.match(out, /spin +.*cli-performance\.test\.ts:\d+/);
  const pprof = gunzipSync(readFileSync(`${name}.pb.gz`));
  assert.ok(pprof.includes("spin"));
  const own: { readonly nodes: readonly object[] } = JSON.parse(
    readFileSync(`${name}.cpuprofile`, "utf8"),
  );
  assert.ok(own.nodes.length > 3);
  const [profile] = await cli.json("profiles", "--agent", "busy");
  assert.deepEqual([profile.state, profile.kind], ["done", "cpu"]);
  assert.match(await cli.ok("profiles"), /done +\w+ +busy +cpu/);
});

function spin(forMs: number): void {
  const untilMs = performance.now() + forMs;
  while (performance.now() < untilMs) Math.sqrt(untilMs);
}

test("cellphone profile says why when an agent cannot be profiled, and takes the server's", async (t) => {
  const cli = await shell(t);
  const unknown = await cli.run("profile", "nobody");
  const long = await cli.run("profile", "nobody", "--seconds", "121");
  assert.deepEqual([long.code, /1 to 120 seconds, not 121/.test(long.err)], [2, true]);
  assert.deepEqual([unknown.code, /There is no agent "nobody"/.test(unknown.err)], [1, true]);
  assert.equal((await cli.run("profile")).code, 2);
  assert.equal((await cli.run("profile", "x", "--server")).code, 2);
  const name = path.join(cli.directory, "server");
  const out = await cli.ok("profile", "--server", "--seconds", "1", "-o", name);
  assert.match(out, /^server {2}/);
  assert.ok(readFileSync(`${name}.cpuprofile`).length > 100);
});

test("cellphone kpis, report and export cover all five systems", async (t) => {
  const cli = await shell(t);
  await cli.ok("metrics", "record", "response_time", "0.5");
  assert.match(await cli.ok("kpis"), /system_health/);
  const file = path.join(cli.directory, "report.html");
  assert.match(await cli.ok("report", "-o", file), /report\.html {2}[\d.]+ [KM]iB/);
  const page = readFileSync(file, "utf8");
  assert.match(page, /^<!doctype html>/i);
  assert.doesNotMatch(page, /<script|src="http/i);
  const exported = path.join(cli.directory, "all.json");
  await cli.ok("export", "-o", exported);
  const document: Record<string, unknown> = JSON.parse(readFileSync(exported, "utf8"));
  for (const part of ["tracker", "profiler", "communication", "gateway", "dashboard", "audit"]) {
    assert.ok(part in document, part);
  }
});

test("cellphone calls --follow and alerts --follow print what comes, until interrupted", async (t) => {
  const cli = await shell(t);
  const upstream = await startUpstream(t);
  await cli.ok("services", "add", "search", upstream.url);
  const calls = follow(t, cli, "calls", "--follow", "--service", "search");
  const alerts = follow(t, cli, "alerts", "--follow", "--json");
  const key = await keyOf(cli, "caller");
  const gateway = await gatewayOf(cli);
  // The followers begin at an unknown moment: something new until each has told of it.
  await until("both tell", async () => {
    await fetch(`${gateway}/v1/search/x`, { headers: { authorization: `Bearer ${key}` } });
    await cli.ok("alerts", "add", "warning", "index is old");
    return calls.told().includes("GET /v1/search/x") && alerts.told().includes("index is old");
  });
  assert.match(calls.told(), /\d\d:\d\d:\d\d {2}caller +200 +[\d.]+ m?s {2}GET \/v1\/search\/x\n/);
  const [line = ""] = alerts.told().split("\n");
  const first: { readonly level: string } = JSON.parse(line);
  assert.equal(first.level, "warning");
  const times = (calls.told().match(/GET/g) ?? []).length;
  for (const follower of [calls, alerts]) {
    follower.child.kill("SIGINT");
    const [code] = await once(follower.child, "close");
    assert.equal(code, 0);
  }
  const made = await cli.json("calls", "--service", "search");
  assert.ok(times <= made.length, "each call is told once");
});

/** A command in a process of its own, and what it has printed so far. */
function follow(t: TestContext, cli: Shell, ...words: string[]) {
  const bin = path.resolve(import.meta.dirname, "../../src/cli/bin.ts");
  const child = spawn(process.execPath, [bin, ...words, "--data", cli.server.dataFolder], {
    cwd: cli.directory,
    env: { ...process.env, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => void child.kill("SIGKILL"));
  let printed = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (printed += text));
  return { child, told: () => printed };
}

async function gatewayOf(cli: Shell): Promise<string> {
  const response = await fetch(`${cli.server.url}/api/v1/server`, {
    headers: { authorization: `Bearer ${cli.server.key}` },
  });
  const facts: { readonly gatewayUrl: string | null } = JSON.parse(await response.text());
  return facts.gatewayUrl ?? assert.fail("there is no gateway");
}

/** Enrols an agent; its key. */
async function keyOf(cli: Shell, name: string): Promise<string> {
  const response = await fetch(`${cli.server.url}/api/v1/enrol`, {
    method: "POST",
    headers: { authorization: `Bearer ${cli.server.key}`, "content-type": "application/json" },
    body: JSON.stringify({ name }),
  });
  const answer: { readonly key: string } = JSON.parse(await response.text());
  return answer.key;
}
