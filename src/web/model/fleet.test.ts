import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { shownState } from "./agent-state.ts";
import {
  abnormalTiles,
  arrowTarget,
  compareNames,
  densityFor,
  groupFleet,
  indicesInBox,
  splitName,
} from "./fleet.ts";
import type { Box } from "./fleet.ts";
import type { AgentState, AgentTile } from "./wire.ts";

function tile(name: string, kind: string, state: AgentState = "idle", paused = false): AgentTile {
  return {
    id: name,
    name,
    kind,
    state,
    sinceMs: 0,
    reason: "",
    left: false,
    task: null,
    taskSinceMs: null,
    paused,
    quarantined: false,
    status: "idle",
    costUsd: null,
  };
}

function layout(tiles: readonly AgentTile[]): unknown {
  return groupFleet(tiles).map((group) => [group.kind, group.tiles.map((one) => one.name)]);
}

/** Boxes of a grid with 3 columns. */
function grid(cells: number): readonly Box[] {
  return Array.from({ length: cells }, (_, index) => {
    const left = (index % 3) * 100;
    const top = Math.floor(index / 3) * 50;
    return { left, top, right: left + 90, bottom: top + 40 };
  });
}

test("groupFleet() orders kinds and agents as people count, whatever their states are", () => {
  const fleet = [tile("w-10", "worker"), tile("w-2", "worker"), tile("p", "planner")];
  const expected = [
    ["planner", ["p"]],
    ["worker", ["w-2", "w-10"]],
  ];
  assert.deepEqual(layout(fleet), expected);
  const stuck = fleet.map((one) => ({ ...one, state: "stuck" as const })).toReversed();
  assert.deepEqual(layout(stuck), expected);
});

test("compareNames() is a total order", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (a, b) => {
      assert.equal(Math.sign(compareNames(a, b)) + Math.sign(compareNames(b, a)), 0);
      assert.equal(compareNames(a, b) === 0, a === b);
    }),
  );
});

test("densityFor() changes at 120, 400 and 2,000 agents", () => {
  assert.deepEqual(
    [1, 120, 121, 400, 401, 2000, 2001].map((count) => densityFor(count)),
    ["tiles", "tiles", "chips", "chips", "squares", "squares", "bars"],
  );
});

test("abnormalTiles() keeps what is stuck, down or paused", () => {
  const tiles = [
    tile("a", "k", "stuck"),
    tile("b", "k", "working"),
    tile("c", "k", "down", true),
    tile("d", "k", "working", true),
  ];
  assert.deepEqual(
    abnormalTiles(tiles).map((one) => [one.name, shownState(one)]),
    [
      ["a", "stuck"],
      ["c", "down"],
      ["d", "paused"],
    ],
  );
});

test("splitName() keeps the number that tells agents apart and loses nothing", () => {
  assert.deepEqual(splitName("coordinator-12"), { head: "coordinator", tail: "-12" });
  assert.deepEqual(splitName("planner"), { head: "planner", tail: "" });
  assert.deepEqual(splitName("42"), { head: "42", tail: "" });
  fc.assert(
    fc.property(fc.string(), (name) => {
      const { head, tail } = splitName(name);
      assert.equal(head + tail, name);
    }),
  );
});

test("arrowTarget() moves in reading order and between rows, and stops at the edges", () => {
  const boxes = grid(7);
  assert.equal(arrowTarget(boxes, 0, "ArrowRight"), 1);
  assert.equal(arrowTarget(boxes, 2, "ArrowRight"), 3);
  assert.equal(arrowTarget(boxes, 6, "ArrowRight"), 6);
  assert.equal(arrowTarget(boxes, 0, "ArrowLeft"), 0);
  assert.equal(arrowTarget(boxes, 1, "ArrowDown"), 4);
  assert.equal(arrowTarget(boxes, 4, "ArrowDown"), 6, "the nearest of a shorter row");
  assert.equal(arrowTarget(boxes, 6, "ArrowUp"), 3);
  assert.equal(arrowTarget(boxes, 1, "ArrowUp"), 1);
  assert.equal(arrowTarget(boxes, 4, "Home"), 0);
  assert.equal(arrowTarget(boxes, 4, "End"), 6);
  assert.equal(arrowTarget(boxes, 4, "x"), 4);
});

test("indicesInBox() takes every box that the selection touches", () => {
  const touched = indicesInBox(grid(9), { left: 95, top: 45, right: 210, bottom: 60 });
  assert.deepEqual(touched, [4, 5]);
});
