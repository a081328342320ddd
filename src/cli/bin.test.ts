import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { test } from "node:test";

/** Runs the entry as if on another version of Node. */
function entryOn(version: string): { readonly code: number | null; readonly err: string } {
  const source = stripTypeScriptTypes(readFileSync(new URL("bin.ts", import.meta.url), "utf8"));
  const pretended = source.replaceAll("process.versions.node", JSON.stringify(version));
  const here = JSON.stringify(new URL("bin.ts", import.meta.url).href);
  const words = ["--", "cellphone", "--version"];
  const { status, stderr } = spawnSync(
    process.execPath,
    ["--input-type=module", "-e", pretended.replaceAll("import.meta.url", here), ...words],
    { encoding: "utf8" },
  );
  return { code: status, err: stderr };
}

test("the entry tells an old Node what to do and exits 1", () => {
  for (const version of ["12.22.0", "20.20.2", "24.14.9"]) {
    const { code, err } = entryOn(version);
    assert.equal(code, 1, version);
    assert.match(err, new RegExp(`needs Node 24\\.15 or newer; this is ${version}\\.`));
    assert.match(err, /`npm ci` brings one/);
  }
});

test("the entry runs on a Node that is new enough", () => {
  for (const version of ["24.15.0", "26.0.0"]) assert.equal(entryOn(version).code, 0, version);
});
