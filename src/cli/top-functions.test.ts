import assert from "node:assert/strict";
import { test } from "node:test";

import type { FlameNode } from "../profiler/index.ts";
import { topFunctions } from "./top-functions.ts";

function node(name: string, self: number, children: readonly FlameNode[] = []): FlameNode {
  const total = children.reduce((sum, child) => sum + child.total, self);
  return { name, file: "a.js", line: 1, self, total, children };
}

test("topFunctions() adds a function up over all its callers, most of its own first", () => {
  const root = node("(root)", 0, [
    node("a", 10, [node("hash", 50)]),
    node("b", 20, [node("hash", 5)]),
  ]);
  const top = topFunctions(root, 10).map(({ name, self, total }) => [name, self, total]);
  assert.deepEqual(top, [
    ["hash", 55, 55],
    ["b", 20, 25],
    ["a", 10, 60],
  ]);
});

test("topFunctions() counts what a recursive function calls once", () => {
  const root = node("(root)", 0, [node("walk", 1, [node("walk", 1, [node("walk", 1)])])]);
  assert.deepEqual(
    topFunctions(root, 10).map(({ self, total }) => [self, total]),
    [[3, 3]],
  );
});

test("topFunctions() keeps to the number asked for, and to a stack of 50,000 frames", () => {
  let deep = node("leaf", 1);
  for (let depth = 0; depth < 50_000; depth++) deep = node(`f${depth % 7}`, 1, [deep]);
  assert.equal(topFunctions(deep, 3).length, 3);
});
