import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  NO_CALL_FILTER,
  callFilterQuery,
  callQuery,
  callTone,
  mergeCalls,
  parseCallFilter,
} from "./call-filter.ts";
import type { CallFilter } from "./call-filter.ts";
import { callOf as call } from "./test-support/records.ts";

const filters: fc.Arbitrary<CallFilter> = fc.record(
  {
    service: fc.string(),
    agent: fc.string(),
    status: fc.constantFrom("", "200", "404", "4xx", "5xx"),
    text: fc.string(),
    failed: fc.boolean(),
    slow: fc.boolean(),
  },
  { noNullPrototype: true },
);

test("parseCallFilter() reads back every filter that an address carries", () => {
  fc.assert(
    fc.property(filters, (filter) => {
      const query = new URLSearchParams();
      for (const [name, value] of Object.entries(callFilterQuery(filter))) {
        if (value !== null) query.set(name, value);
      }
      assert.deepEqual(parseCallFilter(query), filter);
    }),
  );
});

test("parseCallFilter() drops a status that is none", () => {
  assert.equal(parseCallFilter(new URLSearchParams("status=6xx")).status, "");
  assert.equal(parseCallFilter(new URLSearchParams("status=5XX")).status, "5xx");
});

test("callQuery() asks for nothing that was not chosen", () => {
  assert.deepEqual(callQuery(NO_CALL_FILTER), {});
  assert.deepEqual(callQuery({ ...NO_CALL_FILTER, service: "search", slow: true }), {
    serviceId: "search",
    minDurationMs: 1000,
  });
});

test("callTone() tells failures from refusals", () => {
  const tones = [200, 304, 404, 429, 499, 503].map((status) => callTone({ status, code: null }));
  assert.deepEqual(tones, ["well", "well", "refused", "failed", "failed", "failed"]);
  assert.equal(callTone({ status: 429, code: "gateway.rate_limited" }), "refused");
});

test("mergeCalls() keeps each call once, newest first, and the oldest go", () => {
  const merged = mergeCalls([call("b", 2), call("a", 1)], [call("c", 3), call("b", 2)], 2);
  assert.deepEqual(
    merged.map(({ id }) => id),
    ["c", "b"],
  );
});
