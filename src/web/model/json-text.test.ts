import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FOLD_AT_LINES, parsePayload, payloadShape, payloadText } from "./json-text.ts";

test("payloadText() folds after twelve lines and loses none", () => {
  const long = Array.from({ length: 30 }, (_, index) => index);
  const text = payloadText(long);
  assert.equal(text.shown.split("\n").length, FOLD_AT_LINES);
  assert.equal(text.foldedLines, 32 - FOLD_AT_LINES);
  assert.equal(`${text.shown}\n${text.folded}`, JSON.stringify(long, null, 2));
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
