import assert from "node:assert/strict";
import { test } from "node:test";
import { PALETTE_ITEMS_MAX, rankItems } from "./palette.ts";
import type { PaletteItem } from "./palette.ts";

function item(label: string, hint = ""): PaletteItem {
  return { id: label, group: "Agents", label, hint };
}

function ranked(items: readonly PaletteItem[], typed: string): readonly string[] {
  return rankItems(items, typed).map((one) => one.label);
}

test("rankItems() wants every word and puts the start of a label first", () => {
  const items = [item("Pause worker-1"), item("worker-1", "worker, stuck"), item("planner")];
  assert.deepEqual(ranked(items, "work"), ["worker-1", "Pause worker-1"]);
  assert.deepEqual(ranked(items, "WORKER pause"), ["Pause worker-1"]);
  assert.deepEqual(ranked(items, "stuck"), ["worker-1"]);
  assert.deepEqual(ranked(items, "nothing"), []);
});

test("rankItems() keeps the given order for equals and shows at most 40", () => {
  const items = Array.from({ length: 60 }, (_, index) => item(`agent-${index}`));
  assert.deepEqual(
    ranked(items, ""),
    items.slice(0, PALETTE_ITEMS_MAX).map((one) => one.label),
  );
});
