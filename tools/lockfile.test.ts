import assert from "node:assert/strict";
import { test } from "node:test";

import { findLockProblems } from "./lockfile.ts";

test("findLockProblems() finds platform packages that are not locked, wherever they stand", () => {
  const parser = { optionalDependencies: { "@parser/linux": "1.0.0", "@parser/darwin": "1.0.0" } };
  const packages = {
    "": {},
    "node_modules/parser": parser,
    "node_modules/parser/node_modules/@parser/linux": {},
  };
  const rules = findLockProblems(JSON.stringify({ packages })).map(({ rule }) => rule);
  assert.deepEqual(rules, ["node_modules/parser needs @parser/darwin 1.0.0, which is not locked"]);
});

test("findLockProblems() finds recorded download addresses, not links to workspaces", () => {
  const packages = {
    "node_modules/a": { resolved: "https://registry.example/a.tgz" },
    "node_modules/bench": { resolved: "bench", link: true },
  };
  const rules = findLockProblems(JSON.stringify({ packages })).map(({ rule }) => rule);
  assert.deepEqual(rules, ["node_modules/a records a download address"]);
});
