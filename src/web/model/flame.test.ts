import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  flameBoxes,
  matchedTotal,
  nodesAlong,
  ownerOf,
  topFunctions,
  withoutOutside,
} from "./flame.ts";
import type { FlameNode } from "./wire.ts";

function node(name: string, self: number, children: readonly FlameNode[] = []): FlameNode {
  const total = children.reduce((sum, child) => sum + child.total, self);
  return { name, file: `/app/${name}.js`, line: 1, self, total, children };
}

const TREE = node("(root)", 0, [
  node("small", 10),
  node("main", 10, [node("parse", 60, [node("main", 10)]), node("write", 10)]),
]);

test("flameBoxes() are as wide as their share, the heaviest first", () => {
  assert.deepEqual(
    flameBoxes(TREE, "").map(({ node: { name }, depth, left, width }) => [
      name,
      depth,
      Math.round(left * 100),
      Math.round(width * 100),
    ]),
    [
      ["(root)", 0, 0, 100],
      ["main", 1, 0, 90],
      ["parse", 2, 0, 70],
      ["main", 3, 0, 10],
      ["write", 2, 70, 10],
      ["small", 1, 90, 10],
    ],
  );
});

test("flameBoxes() zoomed in draw the callers above and the rest across the width", () => {
  const boxes = flameBoxes(TREE, "0.0");
  assert.deepEqual(
    boxes.map(({ node: { name }, above, path, width }) => [name, above, path, width > 0.99]),
    [
      ["(root)", true, "", true],
      ["main", true, "0", true],
      ["parse", false, "0.0", true],
      ["main", false, "0.0.0", false],
    ],
  );
});

test("flameBoxes() never leave the width of the drawing", () => {
  const trees = fc.memo((depth): fc.Arbitrary<FlameNode> => {
    const children = depth > 1 ? fc.array(trees(depth - 1), { maxLength: 3 }) : fc.constant([]);
    return fc
      .tuple(fc.constantFrom("a", "b", "c"), fc.nat(50), children)
      .map(([name, self, below]) => node(name, self, below));
  });
  fc.assert(
    fc.property(trees(4), (tree) => {
      for (const { left, width } of flameBoxes(tree, "")) {
        assert.ok(left >= 0 && left + width <= 1 + 1e-9);
      }
    }),
  );
});

test("nodesAlong() stops where a path leads nowhere", () => {
  assert.deepEqual(
    nodesAlong(TREE, "0.7.1").map(({ name }) => name),
    ["(root)", "main"],
  );
});

test("matchedTotal() counts nested matches once", () => {
  assert.equal(matchedTotal(TREE, "MAIN"), 90);
  assert.equal(matchedTotal(TREE, "write.js"), 10);
  assert.equal(matchedTotal(TREE, " "), 0);
});

test("topFunctions() adds up by function; a recursion's total counts once", () => {
  assert.deepEqual(
    topFunctions(TREE, 2).map(({ name, self, total }) => [name, self, total]),
    [
      ["parse", 60, 70],
      ["main", 20, 90],
    ],
  );
});

test("withoutOutside() takes the time in which no function ran out of the whole", () => {
  const engine = { file: null, line: null };
  const idle: FlameNode = { ...node("(idle)", 800), ...engine };
  const native: FlameNode = { ...node("(program)", 100), ...engine };
  const children = [...TREE.children, idle, native];
  const shown = withoutOutside({ ...TREE, total: TREE.total + 900, children });
  assert.deepEqual([shown.outside, shown.root.total, shown.root.children.length], [900, 100, 2]);
});

test("ownerOf() tells the program's code from packages, runtime and engine", () => {
  const owners = [
    ["work", "/app/agent.js"],
    ["get", "/app/node_modules/undici/index.js"],
    ["readFile", "node:fs"],
    ["(garbage collector)", null],
    ["writev", null],
  ].map(([name, file]) => ownerOf({ name: name ?? "", file: file ?? null }));
  assert.deepEqual(owners, ["own", "package", "runtime", "engine", "runtime"]);
});
