import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";

import { findProgram, requireDebian } from "./debian.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** Sets variables for one test. */
function withEnvironment(t: TestContext, values: Readonly<Record<string, string>>): void {
  const before = { ...process.env };
  Object.assign(process.env, values);
  t.after(() => {
    for (const name of Object.keys(values)) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  });
}

test("findProgram() finds what is executable on the PATH, and nothing else", (t) => {
  const folder = temporaryFolder(t);
  withEnvironment(t, { PATH: folder });
  const file = path.join(folder, "cellphone-probe");
  writeFileSync(file, "#!/bin/sh\n");
  assert.equal(findProgram("cellphone-probe"), undefined);
  chmodSync(file, 0o755);
  assert.equal(findProgram("cellphone-probe"), file);
});

test("requireDebian() skips with the way to get it, and throws in continuous integration", (t) => {
  withEnvironment(t, { PATH: "", CI: "false" });
  const reasons: unknown[] = [];
  t.mock.method(t, "skip", (reason: unknown) => reasons.push(reason));
  assert.equal(requireDebian(t, "chromium"), undefined);
  assert.deepEqual(reasons, ["needs chromium: npm run test:setup (installs chromium)"]);
  process.env["CI"] = "true";
  assert.throws(() => requireDebian(t, "chromium"), /needs chromium: npm run test:setup/);
});
