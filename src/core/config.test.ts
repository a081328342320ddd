import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";
import { z } from "zod";

import { countOption, durationOption, flagOption, textOption } from "./config.ts";

const interval = durationOption("s", 30, "How often", { min: 1, max: 3_600 });
const count = countOption("items", 100, "How many", { min: 0, max: 1_000 });
const flag = flagOption(false, "Whether");

function messagesOf(schema: z.ZodType, value: unknown): string {
  return (schema.safeParse(value).error?.issues ?? []).map((issue) => issue.message).join("; ");
}

test("durationOption() takes its default when nothing is given", () => {
  assert.equal(interval.parse(undefined), 30);
});

test("durationOption() takes numbers, digits and text, in its own unit", () => {
  assert.equal(interval.parse(45), 45);
  assert.equal(interval.parse("45"), 45);
  assert.equal(interval.parse("90s"), 90);
  assert.equal(interval.parse("1500ms"), 1.5);
  assert.equal(interval.parse("1h"), 3_600);
  const days = durationOption("days", 7, "How long", { min: 0, max: 365 });
  assert.equal(days.parse("12h"), 0.5);
  const ms = durationOption("ms", 1, "How long", { min: 0, max: 10_000 });
  assert.equal(ms.parse("2s"), 2_000);
});

test("durationOption() refuses what is out of range or no duration", () => {
  for (const value of [0, 3_601, "2h", "500ms", "soon", "", " ", Number.NaN, Infinity, null, {}]) {
    assert.equal(interval.safeParse(value).success, false, JSON.stringify(value));
  }
});

test("durationOption() names the value and the form in its message", () => {
  assert.match(messagesOf(interval, "soon"), /"soon" is no duration: write a number of s/);
});

test("durationOption() takes every number in its range unchanged", () => {
  fc.assert(
    fc.property(fc.double({ min: 1, max: 3_600, noNaN: true }), (value) => {
      assert.equal(interval.parse(value), value);
    }),
  );
});

test("countOption() takes whole numbers and digits within its range", () => {
  assert.equal(count.parse(undefined), 100);
  assert.equal(count.parse(7), 7);
  assert.equal(count.parse("7"), 7);
  assert.equal(count.parse(0), 0);
});

test("countOption() refuses fractions, ranges overstepped, and what is no number", () => {
  for (const value of [1.5, -1, 1_001, "many", "", " ", Number.NaN, null, true, false, [], ["7"]]) {
    assert.equal(count.safeParse(value).success, false, JSON.stringify(value));
  }
});

test("flagOption() understands yes and no in words and digits", () => {
  assert.equal(flag.parse(undefined), false);
  for (const yes of [true, "true", "1", "yes", "TRUE", "on"]) assert.equal(flag.parse(yes), true);
  for (const no of [false, "false", "0", "no", "off"]) assert.equal(flag.parse(no), false);
  for (const neither of ["maybe", "", 1, null]) {
    assert.equal(flag.safeParse(neither).success, false, String(neither));
  }
});

test("textOption() takes text, and its default when nothing is given", () => {
  const text = textOption("here", "Where");
  assert.equal(text.parse(undefined), "here");
  assert.equal(text.parse("there"), "there");
  assert.equal(text.safeParse(7).success, false);
});

test("options carry description, unit, default and range for the page", () => {
  const schema = z.object({ interval, count, flag });
  const { properties } = z.toJSONSchema(schema, { io: "output" });
  assert.deepEqual(properties, {
    interval: {
      description: "How often",
      unit: "s",
      default: 30,
      type: "number",
      minimum: 1,
      maximum: 3_600,
    },
    count: {
      description: "How many",
      unit: "items",
      default: 100,
      type: "integer",
      minimum: 0,
      maximum: 1_000,
    },
    flag: { description: "Whether", default: false, type: "boolean" },
  });
});

test("options may all be left out of what a caller passes", () => {
  const schema = z.object({ interval, count, flag, text: textOption("here", "Where") });
  const nothing: z.input<typeof schema> = {};
  assert.deepEqual(schema.parse(nothing), { interval: 30, count: 100, flag: false, text: "here" });
});
