import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { NAME_PATTERN, nameProblem, nearMatches } from "./name.ts";

test("nameProblem() accepts letters, digits and _ . : - after a letter or digit", () => {
  for (const name of ["a", "7", "worker-1", "gen_ai.usage:v2", "A".repeat(128)]) {
    assert.equal(nameProblem(name), undefined, name);
  }
});

test("nameProblem() says what is wrong", () => {
  assert.equal(nameProblem(""), "is empty");
  assert.equal(nameProblem(7), "is not text");
  assert.equal(nameProblem(undefined), "is not text");
  assert.equal(nameProblem("a".repeat(129)), "has 129 characters, more than 128");
  for (const name of ["-a", ".a", "a b", "a/b", "ä", "a\n", "a\u0000", "__proto__"]) {
    assert.match(nameProblem(name) ?? "", /may hold letters, digits/, JSON.stringify(name));
  }
});

test("nameProblem() agrees with NAME_PATTERN on any text", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 140 }), (text) => {
      assert.equal(nameProblem(text) === undefined, NAME_PATTERN.test(text));
    }),
  );
});

test("nearMatches() names the nearest first and leaves out what is far", () => {
  const agents = ["worker-1", "worker-2", "reviewer", "planner"];
  assert.deepEqual(nearMatches("worker-11", agents), ["worker-1", "worker-2"]);
  assert.deepEqual(nearMatches("planer", agents), ["planner"]);
  assert.deepEqual(nearMatches("zzzzzz", agents), []);
});

test("nearMatches() ignores case and gives at most as many as asked", () => {
  assert.deepEqual(nearMatches("WORKER-1", ["worker-1"]), ["worker-1"]);
  assert.equal(nearMatches("a1", ["a2", "a3", "a4", "a5"], 2).length, 2);
});

test("nearMatches() orders equal distances by name, whatever the order given", () => {
  fc.assert(
    fc.property(fc.shuffledSubarray(["b1", "b2", "b3"], { minLength: 3 }), (names) => {
      assert.deepEqual(nearMatches("b0", names), ["b1", "b2", "b3"]);
    }),
  );
});

test("nearMatches() measures insertions, deletions and substitutions alike", () => {
  assert.deepEqual(nearMatches("tracker", ["tracke", "trackers", "trucker"]), [
    "tracke",
    "trackers",
    "trucker",
  ]);
});
