import assert from "node:assert/strict";
import { test } from "node:test";
import { fromLocalInput, toLocalInput } from "./local-time.ts";

test("fromLocalInput() reads back what toLocalInput() writes, to the minute", () => {
  const atMs = new Date(2026, 10, 23, 7, 4).getTime();
  assert.equal(toLocalInput(atMs + 59_000), "2026-11-23T07:04");
  assert.equal(fromLocalInput("2026-11-23T07:04"), atMs);
});

test("fromLocalInput() knows a field that is not filled in", () => {
  for (const text of ["", "2026-11-23", "soon", "2026-13-99T99:99"]) {
    assert.equal(fromLocalInput(text), null, text);
  }
});
