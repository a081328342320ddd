// The demo as a whole: six agents, one of them in Python, four services, six cues, and a sealed
// export of all five systems.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { unseal } from "../../src/security/index.ts";
import { requireDebian } from "../support/debian.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const CLI = fileURLToPath(new URL("../../src/cli/bin.ts", import.meta.url));
const PASSPHRASE = "correct horse battery staple";

interface DemoEnd {
  readonly event: string;
  readonly passed: boolean;
  readonly jobs: { readonly assigned: number; readonly correct: number };
  readonly cues: readonly {
    readonly name: string;
    readonly noticedAfterSeconds: number | null;
    readonly recovered: boolean;
  }[];
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
}

/** Runs the command to its end; its exit code and the JSON lines it printed. */
function runDemo(args: readonly string[]): Promise<{ code: number; lines: DemoEnd[] }> {
  const { promise, resolve } = Promise.withResolvers<{ code: number; lines: DemoEnd[] }>();
  const child = execFile(process.execPath, [CLI, "demo", ...args], (_error, stdout) => {
    const lines = stdout.trim().split("\n");
    resolve({ code: child.exitCode ?? -1, lines: lines.map((line) => JSON.parse(line)) });
  });
  return promise;
}

test("cellphone demo does all work, notices every cue, and seals what it leaves", async (t) => {
  if (requireDebian(t, "python3") === undefined) return;
  const folder = temporaryFolder(t);
  const exported = path.join(folder, "export");
  const where = ["--data", path.join(folder, "data"), "--port", "0"];
  const leaves = ["--export", exported, "--passphrase", PASSPHRASE];
  const { code, lines } = await runDemo(["--minutes", "0.4", ...where, ...leaves]);
  const end = lines.at(-1);
  assert.equal(end?.event, "demo.end", JSON.stringify(lines.slice(-3)));
  assert.deepEqual(
    end.cues.map(({ name, recovered }) => [name, recovered]),
    [
      ["wedge", true],
      ["freeze", true],
      ["deadlock", true],
      ["failing service", true],
      ["slow service", true],
      ["rate limit", true],
    ],
  );
  for (const cue of end.cues) assert.notEqual(cue.noticedAfterSeconds, null, cue.name);
  assert.ok(end.jobs.assigned > 10, `${end.jobs.assigned} jobs`);
  assert.equal(end.jobs.correct, end.jobs.assigned);
  assert.equal(code, 0);

  const names = end.files.map((file) => file.name);
  assert.deepEqual(readdirSync(exported).toSorted(), names.toSorted());
  const sealed = readFileSync(path.join(exported, "communication.json.age"));
  assert.ok(!sealed.includes("exportedAt"), "nothing of it is readable");
  const opened = await unseal(sealed, { passphrase: PASSPHRASE });
  const communication = JSON.parse(new TextDecoder().decode(opened));
  assert.equal(communication.namespace, "demo");
  assert.ok(!Number.isNaN(Date.parse(communication.exportedAt)));
  assert.ok(communication.messages.length > end.jobs.assigned);
  const open = async (name: string) => {
    const content = await unseal(readFileSync(path.join(exported, `${name}.json.age`)), {
      passphrase: PASSPHRASE,
    });
    return JSON.parse(new TextDecoder().decode(content));
  };
  const { services, calls } = await open("gateway");
  assert.equal(services.length, 4);
  assert.ok(calls.some((call: { status: number }) => call.status === 503));
  assert.ok(calls.some((call: { code: string }) => call.code === "gateway.rate_limited"));
  const { alerts } = await open("dashboard");
  const rules = alerts.map(
    ({ rule, state }: { rule: string; state: string }) => `${rule} ${state}`,
  );
  for (const rule of ["service_failing resolved", "service_slow resolved"]) {
    assert.ok(rules.includes(rule), `${rule} is among ${rules.join(", ")}`);
  }
  assert.ok((await open("profiler")).spans.length > 0);
  assert.ok((await open("tracker")).samples.length > 0);
});
