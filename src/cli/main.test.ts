import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { test } from "node:test";
import type { TestContext } from "node:test";

import { run } from "./main.ts";
import { version } from "./version.ts";

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function cellphone(
  t: TestContext,
  words: readonly string[],
  env: Record<string, string> = {},
  files: Record<string, string> = {},
): Promise<Outcome> {
  const directory = mkdtempSync(join(tmpdir(), "cli-"));
  t.after(() => rmSync(directory, { recursive: true }));
  for (const [name, content] of Object.entries(files))
    writeFileSync(join(directory, name), content);
  let out = "";
  let err = "";
  const code = await run(["node", "cellphone", ...words], {
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text) },
    stdin: Readable.from([]),
    env,
    directory,
  });
  return { code, out, err };
}

test("cellphone --help and --version go to standard output with exit code 0", async (t) => {
  const help = await cellphone(t, ["--help"]);
  assert.equal(help.code, 0);
  assert.match(help.out, /First steps:\n {2}\$ cellphone start/);
  assert.equal(help.err, "");
  const printed = await cellphone(t, ["--version"]);
  assert.deepEqual([printed.code, printed.out], [0, `${version()}\n`]);
});

test("every command has help with a description, and every group a way in", async (t) => {
  const { out } = await cellphone(t, ["--help"]);
  const names = [...out.matchAll(/^ {2}([a-z][a-z-]+) {1,}[a-z<[]/gm)].map(
    (match) => match[1] ?? "",
  );
  assert.ok(names.length >= 20, names.join());
  for (const name of names.filter((each) => each !== "help")) {
    const help = await cellphone(t, [name, "--help"]);
    assert.equal(help.code, 0, name);
    assert.match(help.out, /^Usage: cellphone [a-z-]+(?:\|enroll)? .*\n\n[A-Z].*\./s, name);
  }
});

test("cellphone exits 2 with a near match for a word it does not know", async (t) => {
  const command = await cellphone(t, ["agnets"]);
  assert.equal(command.code, 2);
  assert.match(command.err, /unknown command 'agnets'.*Did you mean agents\?/);
  const option = await cellphone(t, ["status", "--jsn"]);
  assert.equal(option.code, 2);
  assert.match(option.err, /unknown option '--jsn'/);
});

test("cellphone exits 2 for arguments that cannot be meant", async (t) => {
  const rows: readonly (readonly [readonly string[], RegExp])[] = [
    [["send"], /missing required argument 'recipient'/],
    [["start", "--port", "99999"], /Write a port from 0 to 65535/],
    [["metrics", "record", "x", "NaN"], /Write a finite number/],
    [["messages", "--since", "yesterday"], /Write a duration such as 30s/],
    [["claim", "w", "--done", "--retry"], /Choose one of --done, --retry/],
    [["send", "w", "{broken"], /looks like JSON but is none/],
    [["send", "w", "x", "--expect", "1m"], /--expect belongs to a task/],
    [["run", "--", "true"], /Give the agent a name: --name worker-1/],
    [["run", "--name", "a b", "--", "true"], /The name "a b" may hold letters/],
    [["services", "add", "x", "http://y", "--limit", "fast"], /Write calls per minute: 100, or/],
    [["services", "add", "x", "http://y", "--credential", "bare"], /Write header=value/],
    [["services", "limit", "x"], /Give calls per minute, such as 100, or --none/],
    [["services", "limit", "x", "9/3", "--burst", "3"], /Give the burst once/],
    [["calls", "--status", "6xx"], /Write a status such as 404/],
    [["alerts", "add", "bad", "words"], /Allowed choices are info, warning, error, critical/],
    [["profile"], /Name an agent, or give --server/],
    [["profile", "w", "--server"], /Name an agent, or give --server/],
    [["report"], /required option '-o, --out <file>' not specified/],
    [["status", "--url", "ftp://x"], /"ftp:\/\/x" is no URL of a server/],
    [["status", "--url", "CELLPHONE_URL=http://enrol_x@h:1"], /"CELLPHONE_URL=http:\/\/…@h:1".*wi/],
    [["status", "--key", "admin_x"], /--key belongs to a server named with --url/],
    [["config", "servr.port"], /"servr.port" is no option/],
  ];
  for (const [words, message] of rows) {
    const { code, err, out } = await cellphone(t, words);
    assert.equal(code, 2, words.join(" "));
    assert.match(err, message);
    assert.equal(out, "");
  }
});

test("cellphone says how to start a server when none runs, and exits 1", async (t) => {
  const { code, err } = await cellphone(t, ["agents"]);
  assert.equal(code, 1);
  assert.equal(
    err,
    "error: No server runs on ./.cellphone\n" +
      "       Start one with `cellphone start`, or name another data folder with --data.\n",
  );
});

test("cellphone tells an enrolment string from a key, except where one joins", async (t) => {
  const { code, err } = await cellphone(t, ["agents", "--url", "http://enrol_secret@127.0.0.1:9"]);
  assert.equal(code, 1);
  assert.match(err, /--url holds an enrolment string, for agents only\n +Unset CELLPHONE_URL/);
  assert.doesNotMatch(err, /secret/);
});

test("cellphone --json says failures as one JSON line", async (t) => {
  const { err, out } = await cellphone(t, ["status", "--json"]);
  const parsed: unknown = JSON.parse(err);
  assert.partialDeepStrictEqual(parsed, { error: { code: "cli.server_not_running" } });
  assert.equal(out, "");
});

test("cellphone config shows values, their sources, and takes python names", async (t) => {
  const { code, out, err } = await cellphone(
    t,
    ["config", "--changed", "--json", "--set", "tracker.snapshotInterval=2m"],
    { CELLPHONE_SERVER_PORT: "4000", CELLPHONE_SERVER_PROT: "1" },
    { "cellphone.yaml": "heartbeat_interval: 15\n" },
  );
  assert.equal(code, 0);
  const rows: { key: string; value: unknown; source: string; unit: string }[] = JSON.parse(out);
  assert.deepEqual(
    rows.map(({ key, value, source, unit }) => [key, value, source, unit]),
    [
      ["server.port", 4000, "CELLPHONE_SERVER_PORT", "port"],
      ["communication.heartbeatInterval", 15, "cellphone.yaml:1:1", "s"],
      ["tracker.snapshotInterval", 120, "--set tracker.snapshotInterval", "s"],
    ],
  );
  assert.match(
    err,
    /CELLPHONE_SERVER_PROT names no option and is ignored. Did you mean CELLPHONE_SERVER_PORT\?/,
  );
});

test("cellphone exits 2 for a broken configuration file, naming the line", async (t) => {
  const files = { "cellphone.yaml": "server:\n  prt: 1\n" };
  const { code, err } = await cellphone(t, ["start"], {}, files);
  assert.equal(code, 2);
  assert.match(err, /cellphone\.yaml:2:3: server\.prt is no option\. Did you mean server\.port\?/);
});
