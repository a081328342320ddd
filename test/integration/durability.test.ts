// The promise of the ledger, kept against kill -9 and watched at the system calls.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";

import { openLedger } from "../../src/storage/index.ts";
import { requireDebian } from "../support/debian.ts";
import { readSyncTrace } from "../support/sync-trace.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const WRITER = fileURLToPath(new URL("../support/ledger-writer.ts", import.meta.url));
const ROUNDS = 8;
const SEED = Number(process.env["CRASH_SEED"] ?? Date.now() % 1_000_000);

/** Mulberry32: small, seeded, good enough to choose moments. */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Runs the writer until it has acknowledged `killAfter` ids, kills it, gives all it said. */
async function writeUntilKilled(
  t: TestContext,
  file: string,
  prefix: string,
  killAfter: number,
): Promise<string[]> {
  const child = spawn(process.execPath, [WRITER, file, prefix, "1000000", "64"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  let said = "";
  let lines = 0;
  child.stdout.setEncoding("utf8");
  child.stdout.on("data", (chunk: string) => {
    said += chunk;
    lines += chunk.split("\n").length - 1;
    if (lines >= killAfter) child.kill("SIGKILL");
  });
  const [, signal] = await once(child, "close");
  assert.equal(signal, "SIGKILL", `the writer ended by itself after ${lines} ids`);
  // The last line may be cut off in the middle.
  return said.split("\n").slice(0, -1);
}

test(`LedgerClient keeps messages, services and alerts through kill -9 (${ROUNDS} rounds, CRASH_SEED=${SEED})`, async (t) => {
  const file = path.join(temporaryFolder(t), "ledger.db");
  const random = seededRandom(SEED);
  const acknowledged: string[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const killAfter = 1 + Math.floor(random() * 1500);
    acknowledged.push(...(await writeUntilKilled(t, file, `msg_r${round}_`, killAfter)));
    using database = openLedger(file);
    const find = database.prepare(
      `SELECT (SELECT count(*) FROM messages WHERE namespace = 'default' AND id = ?1)
         + (SELECT count(*) FROM services WHERE namespace = 'default' AND id = ?1)
         + (SELECT count(*) FROM alerts WHERE namespace = 'default' AND id = ?1) AS n`,
    );
    const lost = acknowledged.filter((id) => find.get(id)?.["n"] !== 1);
    assert.deepEqual(lost, [], `round ${round}, killed after ${killAfter} acknowledgements`);
    const check = database.prepare("PRAGMA integrity_check").get();
    assert.equal(check?.["integrity_check"], "ok");
    const halves = database.prepare(
      `SELECT count(*) AS n FROM messages m
       WHERE NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.message_row = m.row_id)`,
    );
    assert.equal(halves.get()?.["n"], 0, "an append is whole or absent");
    const strays = database.prepare(
      `SELECT count(*) AS n FROM alerts a
       WHERE NOT EXISTS (SELECT 1 FROM alert_agents g WHERE g.alert_row = a.row_id)`,
    );
    assert.equal(strays.get()?.["n"], 0, "an alert is whole or absent");
  }
  t.diagnostic(`${acknowledged.length} acknowledged records, none lost`);
});

test("LedgerClient acknowledges every kind only after the log's fdatasync returned", async (t) => {
  const strace = requireDebian(t, "strace");
  if (strace === undefined) return;
  const folder = temporaryFolder(t);
  const output = path.join(folder, "trace");
  const calls = "trace=fdatasync,fsync,write,pwrite64";
  const writer = [process.execPath, WRITER, path.join(folder, "ledger.db"), "msg_s_", "200", "8"];
  const child = spawn(
    strace,
    ["-f", "-tt", "-y", "-s", "65536", "-e", calls, "-o", output, ...writer],
    { stdio: ["ignore", "ignore", "inherit"] },
  );
  t.after(() => child.kill("SIGKILL"));
  const [code] = await once(child, "exit");
  assert.equal(code, 0);
  const trace = readFileSync(output, "utf8");
  const findings = readSyncTrace(trace, /msg_s_\d{6}/);
  assert.equal(new Set(findings.acknowledged).size, 200);
  assert.deepEqual(findings.early, []);
  assert.ok(findings.syncs < 200, `${findings.syncs} syncs: appends made together share one`);
  t.diagnostic(`200 acknowledgements after ${findings.syncs} syncs of the log`);

  // The reading itself must notice: without the last sync, the acknowledgements after it are early.
  const lines = trace.split("\n");
  const unsynced = lines.filter((line) => !/\bf(?:data)?sync\b/.test(line)).join("\n");
  assert.equal(readSyncTrace(unsynced, /msg_s_\d{6}/).early.length, 200);
});
