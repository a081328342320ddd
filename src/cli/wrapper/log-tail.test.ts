import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { LogTail } from "./log-tail.ts";

test("LogTail.take() gives lines as they were, however their bytes were cut", () => {
  const line = fc
    .string({ unit: "grapheme", maxLength: 40 })
    .map((s) => s.replaceAll(/[\r\n]/g, ""));
  fc.assert(
    fc.property(fc.array(line, { maxLength: 20 }), fc.array(fc.nat(7)), (lines, cuts) => {
      const tail = new LogTail(() => 1);
      let bytes = Buffer.from(lines.map((each) => `${each}\n`).join(""));
      for (const cut of cuts) {
        tail.add("stdout", bytes.subarray(0, cut));
        bytes = bytes.subarray(cut);
      }
      tail.add("stdout", bytes);
      tail.end();
      assert.deepEqual(
        tail.take(1000).map(({ text }) => text),
        lines,
      );
    }),
  );
});

test("LogTail.end() completes a line without a newline", () => {
  const tail = new LogTail(() => 7);
  tail.add("stderr", Buffer.from("Traceback"));
  assert.equal(tail.pending, false);
  tail.end();
  assert.deepEqual(tail.take(10), [{ atMs: 7, stream: "stderr", text: "Traceback" }]);
});

test("LogTail keeps the newest 500 lines and says how many had to go", () => {
  const tail = new LogTail(() => 1);
  for (let index = 0; index < 620; index++) tail.add("stdout", Buffer.from(`${index}\n`));
  const texts = tail.take(1000).map(({ text }) => text);
  assert.equal(texts[0], "… 120 lines left out");
  assert.equal(texts[1], "120");
  assert.equal(texts.at(-1), "619");
});

test("LogTail cuts a line that never ends", () => {
  const tail = new LogTail(() => 1);
  for (let index = 0; index < 100; index++) tail.add("stdout", Buffer.alloc(10_000, "x"));
  tail.add("stdout", Buffer.from("\n"));
  const [line] = tail.take(10);
  assert.equal(line?.text.length, 2001);
});

test("LogTail.putBack() keeps the order", () => {
  const tail = new LogTail(() => 1);
  tail.add("stdout", Buffer.from("a\nb\n"));
  const taken = tail.take(1);
  tail.putBack(taken);
  assert.deepEqual(
    tail.take(10).map(({ text }) => text),
    ["a", "b"],
  );
});
