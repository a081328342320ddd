import assert from "node:assert/strict";
import { test } from "node:test";

import { runCommand } from "./repository.ts";

test("runCommand() finds the clone's programs though PATH does not name them", async (t) => {
  const before = process.env["PATH"];
  t.after(() => (process.env["PATH"] = before));
  process.env["PATH"] = "/nowhere";
  const { output } = await runCommand(["tsc", "--version"]);
  // Where no node_modules/.bin/node is, its interpreter may be missing; it was found all the same.
  assert.doesNotMatch(output, /ENOENT/);
});
