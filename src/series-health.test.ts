import assert from "node:assert/strict";
import { test } from "node:test";

import type { ComponentLog } from "./core/index.ts";
import { SeriesHealth } from "./series-health.ts";
import { PerformanceTracker } from "./tracker/index.ts";

test("SeriesHealth.notePruned() says once that the file is crowded, and once that it is not", () => {
  const said: string[] = [];
  const note = (event: string): number => said.push(event);
  const log: ComponentLog = { debug: note, info: note, warn: note, error: note };
  const tracker = new PerformanceTracker();
  const health = new SeriesHealth("default", log, () => tracker);
  health.notePruned({ restBytes: null, isCrowded: false });
  health.notePruned({ restBytes: 20, isCrowded: true });
  health.notePruned({ restBytes: 21, isCrowded: true });
  health.notePruned({ restBytes: 5, isCrowded: false });
  health.notePruned({ restBytes: 30, isCrowded: true });
  assert.deepEqual(said, [
    "tracker.store_crowded",
    "tracker.store_has_room",
    "tracker.store_crowded",
  ]);
});
