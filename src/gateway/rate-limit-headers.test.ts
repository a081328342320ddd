import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { rateLimitHeaders } from "./rate-limit-headers.ts";
import { RateLimitTable } from "./rate-limit-table.ts";

const START_MS = 1_700_000_000_000;

test("rateLimitHeaders() writes policies and what is left as structured fields", () => {
  const table = RateLimitTable.create();
  const limit = { requestsPerMinute: 100, burst: 20 };
  const agentLimit = { requestsPerMinute: 7, burst: 2 };
  const decision = table.take("service", limit, START_MS);
  const agentDecision = table.take("agent", agentLimit, START_MS);
  assert.deepEqual(
    rateLimitHeaders([
      { policy: "agent", limit: agentLimit, decision: agentDecision },
      { policy: "service", limit, decision },
    ]),
    {
      "ratelimit-policy": '"agent";q=2;w=18, "service";q=20;w=12',
      ratelimit: '"agent";r=1;t=9, "service";r=19;t=1',
    },
  );
  assert.deepEqual(rateLimitHeaders([]), {});
});

test("rateLimitHeaders() says in whole seconds when to come again, never too early", () => {
  const limits = fc.record({
    requestsPerMinute: fc.integer({ min: 1, max: 10_000 }),
    burst: fc.integer({ min: 1, max: 5 }),
  });
  fc.assert(
    fc.property(limits, fc.nat(100_000), (limit, laterMs) => {
      const table = RateLimitTable.create(32);
      let nowMs = START_MS;
      while (table.take("key", limit, nowMs).allowed);
      nowMs += laterMs / limit.requestsPerMinute;
      const decision = table.take("key", limit, nowMs);
      if (decision.allowed) return;
      const headers = rateLimitHeaders([{ policy: "service", limit, decision }]);
      const waitSeconds = Number(headers["retry-after"]);
      assert.ok(Number.isInteger(waitSeconds) && waitSeconds >= 1);
      assert.equal(table.take("key", limit, nowMs + waitSeconds * 1000).allowed, true);
    }),
  );
});

test("rateLimitHeaders() of a limit of zero says that nothing passes", () => {
  const limit = { requestsPerMinute: 0, burst: 1 };
  const decision = RateLimitTable.create().take("key", limit, 0);
  assert.deepEqual(rateLimitHeaders([{ policy: "service", limit, decision }]), {
    "ratelimit-policy": '"service";q=0;w=60',
    ratelimit: '"service";r=0;t=60',
    "retry-after": "60",
  });
});
