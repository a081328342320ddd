import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { matchId, shortId } from "./short-id.ts";

test("matchId() takes an id, its beginning or its end, when only one has it", () => {
  const ids = ["alert_01aa11", "alert_01aa22", "prof_0b33"];
  assert.equal(matchId("alert_01aa11", ids, "alert"), "alert_01aa11");
  assert.equal(matchId("22", ids, "alert"), "alert_01aa22");
  assert.equal(matchId("prof", ids, "alert"), "prof_0b33");
});

test("matchId() says which ids a text may stand for, or that none is like it", () => {
  const ids = ["a1", "a2", "a3", "a4"];
  const several = /"a" may be any of 4 calls: a1, a2, a3, and 1 more/;
  assert.throws(() => matchId("a", ids, "call"), { code: "cli.nothing_like_it", message: several });
  assert.throws(() => matchId("b", ids, "call"), { message: 'No call is like "b"' });
});

test("matchId() prefers an id to a longer one that begins with it", () => {
  assert.equal(matchId("a", ["a", "ab"], "call"), "a");
});

test("shortId() is understood again, whichever id it is of", () => {
  const hex = fc.string({
    unit: fc.constantFrom(...Array.from("0123456789abcdef")),
    minLength: 16,
  });
  const ids = fc.uniqueArray(hex, { minLength: 1, selector: (id) => id.slice(0, 8) });
  fc.assert(
    fc.property(ids, (random) => {
      for (const id of random) {
        assert.equal(matchId(shortId(id), random, "call"), id);
      }
    }),
  );
});
