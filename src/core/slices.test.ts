import assert from "node:assert/strict";
import { test } from "node:test";

import { mapInSlices } from "./slices.ts";

test("mapInSlices() maps all items in order and lets others have their turn between slices", async () => {
  const items = Array.from({ length: 10 }, (_, index) => index);
  let mapped = 0;
  const seen: number[] = [];
  let running = true;
  const watch = (): void => {
    seen.push(mapped);
    if (running) setImmediate(watch);
  };
  setImmediate(watch);
  const results = await mapInSlices(items, (item) => ((mapped += 1), item * 2), 4);
  running = false;
  assert.deepEqual(
    results,
    items.map((item) => item * 2),
  );
  assert.deepEqual([...new Set(seen)].slice(0, 2), [4, 8]);
});

test("mapInSlices() of a short list needs no turn of the event loop", async () => {
  let turns = 0;
  setImmediate(() => (turns += 1));
  assert.deepEqual(await mapInSlices([1], (item) => item, 1), [1]);
  assert.equal(turns, 0);
});
