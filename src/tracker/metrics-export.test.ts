import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";

import { ManualClock } from "../core/index.ts";
import { TrackerError } from "./errors.ts";
import { PerformanceTracker } from "./performance-tracker.ts";
import { VolatileSeriesStore } from "./volatile-series-store.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "cellphone-export-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function filled(count: number): Promise<{ tracker: PerformanceTracker; clock: ManualClock }> {
  const clock = new ManualClock(1_700_000_040_000);
  const store = new VolatileSeriesStore();
  const tracker = new PerformanceTracker({ maxMetricsHistory: 50 }, { clock, store });
  for (let value = 0; value < count; value++) {
    tracker.recordMetric("m", value, "a", { text: "ü" }, { value });
    // Several samples share an instant, also where a page ends.
    if (value % 7 === 0) clock.advance(10);
  }
  await tracker.takeSnapshot();
  return { tracker, clock };
}

test("PerformanceTracker.exportMetrics() writes the same document that it returns", async () => {
  const { tracker } = await filled(12_345);
  const path = join(folder, "metrics.json");
  const written = await tracker.exportMetrics(path);
  const text = await readFile(path, "utf8");
  const document = JSON.parse(text);
  assert.deepEqual(document, JSON.parse(JSON.stringify(await tracker.exportMetrics())));
  assert.equal(document.format, "agent-cellphone/metrics");
  assert.equal(document.version, 1);
  assert.equal(document.namespace, "default");
  assert.ok(!Number.isNaN(Date.parse(document.exportedAt)));
  const values = new Set(document.samples.map((sample: { value: number }) => sample.value));
  assert.equal(values.size, 12_345);
  assert.equal(document.samples.length, 12_345);
  assert.equal(document.snapshots.length, 1);
  const bytes = Buffer.byteLength(text);
  assert.deepEqual(
    [written.path, written.bytes, written.samples, written.snapshots],
    [path, bytes, 12_345, 1],
  );
  assert.deepEqual(await readdir(folder), ["metrics.json"]);
});

test("PerformanceTracker.exportMetrics() keeps to the range, and is valid JSON when empty", async () => {
  const { tracker, clock } = await filled(100);
  const nowMs = clock.now();
  const some = await tracker.exportMetrics(undefined, { fromMs: nowMs - 20, toMs: nowMs });
  assert.ok(some.samples.length > 0);
  for (const { atMs } of some.samples) assert.ok(atMs >= nowMs - 20 && atMs < nowMs);
  const path = join(folder, "empty.json");
  await tracker.exportMetrics(path, { fromMs: 0, toMs: 1 });
  const document = JSON.parse(await readFile(path, "utf8"));
  assert.deepEqual([document.samples, document.snapshots], [[], []]);
});

test("PerformanceTracker.exportMetrics() to a missing folder fails with words and leaves nothing", async () => {
  const { tracker } = await filled(3);
  const path = join(folder, "missing", "metrics.json");
  await assert.rejects(
    tracker.exportMetrics(path),
    (error: unknown) =>
      error instanceof TrackerError &&
      error.code === "tracker.export_failed" &&
      error.message.includes(path),
  );
});

test("PerformanceTracker.exportText() yields pieces that join to the document", async () => {
  const { tracker } = await filled(5000);
  let text = "";
  let pieces = 0;
  for await (const piece of tracker.exportText()) {
    text += piece;
    pieces++;
  }
  assert.ok(pieces > 5);
  assert.equal(JSON.parse(text).samples.length, 5000);
});
