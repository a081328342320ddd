import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  FOLD_AT_CHARACTERS,
  FOLD_AT_LINES,
  parsePayload,
  payloadShape,
  payloadText,
  prettyJson,
} from "./json-text.ts";
import type { JsonValue } from "./wire.ts";

test("payloadText() folds after twelve lines and loses none", () => {
  const text = payloadText(Array.from({ length: 30 }, (_, index) => `${index}`.padEnd(40, "x")));
  assert.equal(text.shown.split("\n").length, FOLD_AT_LINES);
  assert.equal(text.foldedLines, 32 - FOLD_AT_LINES);
  assert.equal(JSON.parse(text.shown + text.folded).length, 30);
});

test("payloadText() folds an endless line too", () => {
  const text = payloadText("x".repeat(100_000));
  assert.equal(text.shown.length, FOLD_AT_CHARACTERS);
  assert.equal(text.shown.length + text.folded.length, 100_000);
  assert.equal(text.foldedLines, 0);
});

test("prettyJson() keeps small things on one line and is the same JSON", () => {
  assert.equal(prettyJson({ a: [1, 2], b: {} }), '{ "a": [1, 2], "b": {} }');
  assert.equal(
    prettyJson([["review", 264], "x".repeat(70)]),
    `[\n  ["review", 264],\n  "${"x".repeat(70)}"\n]`,
  );
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const json: JsonValue = JSON.parse(JSON.stringify(value));
      assert.deepEqual(JSON.parse(prettyJson(json)), json);
    }),
  );
});

test("prettyJson() survives what is nested deeper than the stack", () => {
  let deep: JsonValue = 1;
  for (let level = 0; level < 100_000; level += 1) deep = [deep];
  assert.match(prettyJson(deep), /nested too deeply/u);
});

test("payloadText() shows text as text and everything else as JSON", () => {
  assert.deepEqual(payloadText({ text: "hello" }), {
    shown: "hello",
    folded: "",
    foldedLines: 0,
    json: false,
  });
  assert.equal(payloadText("hello").json, false);
  assert.equal(payloadText({ text: "hello", other: 1 }).json, true);
  assert.equal(payloadText({ text: 1 }).json, true);
  assert.equal(payloadText(null).shown, "null");
});

test("payloadShape() ignores values and the order of keys", () => {
  assert.equal(payloadShape({ a: 1, b: 2 }), payloadShape({ b: "x", a: null }));
  assert.notEqual(payloadShape({ a: 1 }), payloadShape({ b: 1 }));
  assert.notEqual(payloadShape([]), payloadShape({}));
});

test("parsePayload() takes JSON in braces as it is and anything else as text", () => {
  assert.deepEqual(parsePayload(" hello "), { text: "hello" });
  assert.deepEqual(parsePayload("42"), { text: "42" });
  assert.throws(() => parsePayload("{broken"), SyntaxError);
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.integer()), (value) => {
      assert.equal(JSON.stringify(parsePayload(JSON.stringify(value))), JSON.stringify(value));
    }),
  );
});

test("prettyJson() fills lines with the items of a long list of plain values", () => {
  const list = Array.from({ length: 40 }, (_, index) => 1000 + index);
  const lines = prettyJson({ numbers: list }).split("\n");
  assert.equal(lines.length, 8);
  assert.ok(lines.every((line) => line.length <= 72));
  assert.deepEqual(JSON.parse(lines.join("\n")), { numbers: list });
});
