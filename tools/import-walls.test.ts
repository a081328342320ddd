import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";

import { temporaryFolder } from "../test/support/temporary-folder.ts";
import { checkImport, findBrokenWalls, readImports } from "./import-walls.ts";

/** The rules that the imports of a text at a path break. */
function rulesBroken(file: string, text: string): string[] {
  return readImports(file, text)
    .map(checkImport)
    .filter((violation) => violation !== undefined)
    .map((violation) => `${violation.line}: ${violation.rule}`);
}

test("checkImport() lets imports point down through index.ts", () => {
  const allowed: [string, string][] = [
    ["src/tracker/sketch.ts", "../core/index.ts"],
    ["src/tracker/sketch.ts", "./model.ts"],
    ["src/storage/sqlite/ledger.ts", "../../communication/index.ts"],
    ["src/storage/sqlite/ledger.ts", "../errors.ts"],
    ["src/server/routes/agents.ts", "../../security/index.ts"],
    ["src/threads/ledger.ts", "../storage/sqlite/index.ts"],
    ["src/switchboard.ts", "./threads/index.ts"],
    ["src/switchboard.ts", "./host-usage.ts"],
    ["src/cli/commands/start.ts", "../../switchboard.ts"],
    ["src/cli/commands/run.ts", "../../client/index.ts"],
    ["src/cli/commands/run.ts", "commander"],
    ["src/index.ts", "./tracker/index.ts"],
    ["bench/record.bench.ts", "../src/tracker/sketch.ts"],
    ["test/integration/crash.test.ts", "../../src/client/index.ts"],
    ["test/integration/crash.test.ts", "../support/temporary-folder.ts"],
    ["src/storage/sqlite/ledger.test.ts", "../../../test/support/temporary-folder.ts"],
    ["src/storage/sqlite/ledger.test.ts", "../../tracker/store-contract.ts"],
  ];
  for (const [file, specifier] of allowed) {
    assert.deepEqual(rulesBroken(file, `import { a } from "${specifier}";`), [], file);
  }
});

test("checkImport() refuses imports that point up or sideways", () => {
  const refused: [string, string, RegExp][] = [
    ["src/core/clock.ts", "../tracker/index.ts", /core may not import tracker/],
    ["src/tracker/sketch.ts", "../gateway/index.ts", /tracker may not import gateway/],
    ["src/tracker/sketch.ts", "../storage/index.ts", /tracker may not import storage/],
    ["src/storage/sqlite/a.ts", "../../server/index.ts", /storage may not import server/],
    ["src/server/app.ts", "../switchboard.ts", /server may not import switchboard/],
    ["src/threads/a.ts", "../cli/index.ts", /threads may not import cli/],
    ["src/client/phone.ts", "../core/index.ts", /client may not import core/],
    ["src/tracker/a.test.ts", "../gateway/index.ts", /tracker may not import gateway/],
    ["src/utils/a.ts", "../core/index.ts", /src\/utils is in no layer/],
    ["src/core/clock.ts", "../../tools/repository.ts", /src\/ imports tools\/repository.ts/],
    ["src/core/clock.ts", "../../test/support/a.ts", /src\/ imports test\/support/],
  ];
  for (const [file, specifier, rule] of refused) {
    const [found = ""] = rulesBroken(file, `import { a } from "${specifier}";`);
    assert.match(found, rule, `${file} -> ${specifier}`);
  }
});

test("checkImport() refuses reaching past a folder's index.ts, in tests too", () => {
  const text = 'import { Lane } from "../communication/mailbox.ts";';
  const [rule = ""] = rulesBroken("src/server/app.ts", text);
  assert.match(rule, /reaches into src\/communication\/mailbox.ts/);
  assert.equal(
    rulesBroken("test/integration/a.test.ts", text.replace("../", "../../src/")).length,
    1,
  );
  const contract = 'import { contract } from "../communication/store-contract.ts";';
  assert.equal(rulesBroken("src/server/app.ts", contract).length, 1);
});

test("checkImport() lets types alone cross into dashboard and the pages", () => {
  const types = 'import type { Agent } from "../communication/index.ts";';
  const inline = 'import { type Agent } from "../communication/index.ts";';
  const values = 'import { AgentState, type Agent } from "../communication/index.ts";';
  for (const file of ["src/dashboard/causes.ts", "src/web/main.ts"]) {
    assert.deepEqual(rulesBroken(file, types), []);
    assert.deepEqual(rulesBroken(file, inline), []);
    assert.equal(rulesBroken(file, values).length, 1);
  }
  const shape = 'import type { Agent } from "../communication/model.ts";';
  assert.deepEqual(rulesBroken("src/web/main.ts", shape), []);
  assert.equal(rulesBroken("src/dashboard/causes.ts", shape).length, 1);
});

test("checkImport() keeps packages out of the client SDK, but not out of its tests", () => {
  const text = 'import { z } from "zod";\nimport { hostname } from "node:os";';
  assert.deepEqual(rulesBroken("src/client/phone.ts", text), ['1: the client SDK imports "zod"']);
  assert.deepEqual(rulesBroken("src/client/phone.test.ts", text), []);
});

test("checkImport() sees dynamic imports and side effects", () => {
  const dynamic = '\nconst tracker = await import("../tracker/index.ts");';
  assert.deepEqual(rulesBroken("src/core/a.ts", dynamic), ["2: core may not import tracker"]);
  assert.equal(rulesBroken("src/core/a.ts", 'import "../tracker/index.ts";').length, 1);
});

test("checkImport() lets only index.ts re-export, and by name", () => {
  const byName = 'export { Sketch } from "./sketch.ts";';
  assert.deepEqual(rulesBroken("src/tracker/index.ts", byName), []);
  assert.equal(rulesBroken("src/tracker/all.ts", byName).length, 1);
  const [star = ""] = rulesBroken("src/tracker/index.ts", 'export * from "./sketch.ts";');
  assert.match(star, /export \* from/);
});

test("readImports() is not taken in by imports inside strings and comments", () => {
  const text =
    '// import { a } from "../tracker/index.ts";\nexport const b = `\nimport "./c.ts";\n`;';
  assert.deepEqual(readImports("src/core/a.ts", text), []);
});

test("readImports() names the file whose syntax is broken", () => {
  assert.throws(() => readImports("src/core/a.ts", "export const = 1;"), /src\/core\/a.ts: /);
});

test("findBrokenWalls() finds cycles of values, not of types", (t) => {
  const root = temporaryFolder(t);
  mkdirSync(path.join(root, "src/core"), { recursive: true });
  const write = (name: string, text: string): void =>
    writeFileSync(path.join(root, "src/core", name), text);
  write("a.ts", 'import { b } from "./b.ts";\nexport const a = () => b;\n');
  write("b.ts", 'import { c } from "./c.ts";\nexport const b = () => c;\n');
  write("c.ts", 'import type { a } from "./a.ts";\nexport const c: typeof a | null = null;\n');
  assert.deepEqual(findBrokenWalls(root), []);
  write("c.ts", 'import { a } from "./a.ts";\nexport const c = () => a;\n');
  const [cycle, ...others] = findBrokenWalls(root);
  assert.deepEqual(others, []);
  assert.match(cycle?.rule ?? "", /a\.ts -> src\/core\/b\.ts -> src\/core\/c\.ts -> src\/core\/a/);
});
