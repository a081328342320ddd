import assert from "node:assert/strict";
import { test } from "node:test";

import { z } from "zod";

import { countOption, durationOption, flagOption } from "../src/core/index.ts";
import type { ErrorDefinition } from "../src/core/index.ts";
import { findUnlistedSchemas, optionRows } from "./docs-configuration.ts";
import { errorsPage, findErrorCodeProblems, isErrorTable } from "./docs-errors.ts";
import type { ErrorEntry } from "./docs-errors.ts";
import { isLimitTable, limitsPage } from "./docs-limits.ts";
import { tableRow } from "./docs-table.ts";

const busy = { status: 503, retryable: true, meaning: "Busy", remedy: "Call again." };

const entry = (code: string, changes: Partial<ErrorDefinition> = {}): ErrorEntry => ({
  file: "src/phone/errors.ts",
  code,
  definition: { ...busy, ...changes },
});

test("isErrorTable() knows a table from other exports", () => {
  assert.equal(isErrorTable({ "phone.busy": busy }), true);
  for (const other of [{}, null, "text", () => 1, { a: 1 }, { a: { status: 500 } }]) {
    assert.equal(isErrorTable(other), false);
  }
});

test("findErrorCodeProblems() finds codes taken twice, badly spelt, or without a remedy", () => {
  assert.deepEqual(findErrorCodeProblems([entry("phone.busy"), entry("phone.line_dead")]), []);
  const rules = findErrorCodeProblems([
    entry("phone.busy"),
    { ...entry("phone.busy"), file: "src/line/errors.ts" },
    entry("Phone.Busy"),
    entry("busy"),
    entry("phone.mute", { remedy: " " }),
    entry("phone.fine", { status: 200 }),
  ]).map(({ file, rule }) => `${file} ${rule}`);
  assert.deepEqual(rules, [
    "src/line/errors.ts phone.busy is also defined in src/phone/errors.ts",
    "src/phone/errors.ts Phone.Busy is no dotted lower-case code",
    "src/phone/errors.ts busy is no dotted lower-case code",
    "src/phone/errors.ts phone.mute lacks a meaning or a remedy",
    "src/phone/errors.ts phone.fine has HTTP status 200",
  ]);
});

test("errorsPage() gives each code the anchor that problem+json's type points to", () => {
  const file = "src/phone/errors.ts";
  const page = errorsPage([{ file, code: "phone.busy", definition: busy }]);
  assert.match(page, /## phone\n\n<a id="phone\.busy"><\/a>\n\n### `phone\.busy`/);
  assert.match(page, /Busy \(HTTP 503, retryable\)\n\nCall again\./);
});

test("findUnlistedSchemas() finds a schema that no section holds", () => {
  const schema = z.object({ interval: durationOption("s", 30, "How often", { min: 1, max: 60 }) });
  const module = { file: "src/phone/config.ts", exports: { phoneConfigSchema: schema, other: 1 } };
  assert.deepEqual(findUnlistedSchemas([module], { phone: schema }), []);
  const [found] = findUnlistedSchemas([module], {});
  assert.equal(found?.rule, "phoneConfigSchema is in no section of the configuration");
});

test("optionRows() reads unit, default, range and words from the schema, nested ones too", () => {
  const schema = z.object({
    interval: durationOption("s", 30, "How often", { min: 1, max: 3_600 }),
    tls: z.object({ required: flagOption(true, "Whether") }),
    level: z.enum(["info", "debug"]).default("info").meta({ description: "How much" }),
    depth: countOption("items", 5, "How deep", { min: 0, max: Number.MAX_SAFE_INTEGER }),
  });
  const rows = optionRows("server", schema).map((row) => [
    row.key,
    row.unit,
    row.defaultValue,
    row.range,
    row.description,
  ]);
  assert.deepEqual(rows, [
    ["server.interval", "s", "30", "1 to 3,600", "How often"],
    ["server.tls.required", "yes/no", "true", "", "Whether"],
    ["server.level", "text", '"info"', "`info`, `debug`", "How much"],
    ["server.depth", "items", "5", "at least 0", "How deep"],
  ]);
});

test("limitsPage() shows value, unit, reason and what happens at the limit", () => {
  const table = { queue: { value: 10_000, unit: "items", reason: "Memory", atLimit: "Refused" } };
  assert.equal(isLimitTable(table), true);
  assert.equal(isLimitTable({ queue: 10_000 }), false);
  const page = limitsPage([
    { file: "src/phone/limits.ts", name: "queue", definition: table.queue },
  ]);
  assert.match(page, /## phone\n\n.*\n.*\n\| `queue` \| 10,000 items \| Memory \| Refused \|/);
});

test("tableRow() keeps a cell's pipes and line breaks from breaking the table", () => {
  assert.equal(tableRow(["a|b", "c\n d"]), "| a\\|b | c d |");
});
