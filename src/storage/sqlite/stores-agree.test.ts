// Random rows and random questions: a SQLite store must answer as the store in memory does.

import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { VolatileAlertStore } from "../../dashboard/index.ts";
import type { Alert, AlertQuery } from "../../dashboard/index.ts";
import { VolatileCallStore } from "../../gateway/index.ts";
import type { CallQuery } from "../../gateway/index.ts";
import { callOf } from "../../gateway/call-store-contract.ts";
import { VolatileProfileStore } from "../../profiler/index.ts";
import type { SpanQuery, SpanRecord } from "../../profiler/index.ts";
import { SqliteAlertStore } from "./alert-store.ts";
import { SqliteCallStore } from "./call-store.ts";
import { openLedger, openSeries } from "./open.ts";
import { SqliteProfileStore } from "./profile-store.ts";

const START_MS = 1_700_000_000_000;
const RUNS = { numRuns: 200 };

/** Instants close enough to each other that ranges and ties matter. */
const instant = fc.integer({ min: 0, max: 40 }).map((number) => START_MS + number);
const name = fc.constantFrom("alpha", "beta", "gamma");
const trace = fc.constantFrom("1".repeat(32), "2".repeat(32));
const text = fc.constantFrom("a", "ET", "%", "_", "zz", "");
const limit = fc.integer({ min: 1, max: 30 });

/** Questions that ask for up to three of the fields: more would find nothing most of the time. */
function questions<Query extends object>(fields: {
  [Key in keyof Query]-?: fc.Arbitrary<Query[Key]>;
}): fc.Arbitrary<Query[]> {
  const question = fc
    .tuple(fc.record(fields), fc.subarray(Object.keys(fields), { maxLength: 3 }))
    .map(([whole, keys]) => {
      const asked = Object.entries(whole).filter(([key]) => keys.includes(key));
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- all fields are optional
      return Object.fromEntries(asked) as Query;
    });
  return fc.array(question, { minLength: 1, maxLength: 12 });
}

const callRows = fc.array(
  fc.record({
    // Calls are numbered as they end: often, but not always, in the order they began.
    atMs: instant,
    durationMs: fc.constantFrom(0, 0.5, 10, 500),
    agentId: fc.option(name),
    serviceId: fc.option(name),
    method: fc.constantFrom("GET", "POST"),
    path: fc.constantFrom("/v1/alpha", "/v1/Beta/7", "/v1/a_b%25"),
    status: fc.constantFrom(200, 204, 404, 429, 499, 500, 503),
    code: fc.option(fc.constant("gateway.rate_limited")),
    traceId: trace,
  }),
  { maxLength: 60 },
);
const callQueries = questions<CallQuery>({
  serviceId: name,
  agentId: name,
  method: fc.constantFrom("get", "POST"),
  status: fc.constantFrom("2xx", "4XX", "500", "6", "abc"),
  text: text,
  traceId: trace,
  fromMs: instant,
  toMs: instant,
  minDurationMs: fc.constantFrom(0.5, 10),
  failed: fc.boolean(),
  beforeSequence: fc.integer({ min: 0, max: 60 }),
  afterSequence: fc.integer({ min: 0, max: 60 }),
  limit,
});
const room = fc.record({
  keep: fc.integer({ min: 0, max: 40 }),
  keepNotable: fc.integer({ min: 0, max: 10 }),
});

test("SqliteCallStore.calls() and pruneCalls() agree with VolatileCallStore", async () => {
  await fc.assert(
    fc.asyncProperty(callRows, callQueries, room, async (rows, queries, { keep, keepNotable }) => {
      using database = openSeries(":memory:");
      const stores = [new VolatileCallStore(), new SqliteCallStore(database)] as const;
      const calls = rows.map((row, index) => ({
        call: callOf(index + 1, row),
        notable: row.status >= 500,
      }));
      for (const store of stores) await store.appendCalls("default", calls);
      const agree = async (query: CallQuery): Promise<void> => {
        const [expected, found] = await Promise.all(
          stores.map((store) => store.calls("default", query)),
        );
        assert.deepEqual(found, expected, JSON.stringify(query));
      };
      for (const query of queries) await agree(query);
      const [expected, found] = await Promise.all(
        stores.map((store) => store.pruneCalls("default", { beforeMs: 0, keep, keepNotable })),
      );
      assert.deepEqual(found, expected);
      await agree({ limit: 100 });
    }),
    RUNS,
  );
});

const alertRows = fc.array(
  fc.record({
    number: fc.integer({ min: 0, max: 30 }),
    rule: name,
    level: fc.constantFrom("info", "warning", "error", "critical"),
    source: fc.constantFrom("agent:alpha", "service:beta"),
    message: fc.constantFrom("Alpha answers nothing", "beta is at 99%_", "gamma"),
    agentIds: fc.uniqueArray(name, { maxLength: 3 }),
    traceId: fc.option(trace),
    startsAtMs: instant,
    endsAtMs: fc.option(instant),
    acknowledged: fc.option(fc.constant({ owner: "ana", note: "", atMs: START_MS })),
  }),
  { maxLength: 40 },
);
const alertQueries = questions<AlertQuery>({
  state: fc.constantFrom("firing", "resolved"),
  level: fc.constantFrom("info", "critical"),
  agentId: name,
  rule: name,
  source: fc.constant("agent:alpha"),
  traceId: trace,
  acknowledged: fc.boolean(),
  text: text,
  fromMs: instant,
  toMs: instant,
  after: fc.record({
    state: fc.constantFrom("firing", "resolved"),
    startsAtMs: instant,
    id: fc.integer({ min: 0, max: 40 }).map(alertId),
  }),
  limit,
});

function alertId(number: number): string {
  return `alert_${String(number).padStart(3, "0")}`;
}

function alertOf({ number, ...fields }: { number: number } & Partial<Alert>): Alert {
  return {
    id: alertId(number),
    namespace: "default",
    key: `rule:${number}`,
    rule: "manual",
    level: "info",
    message: "",
    source: "",
    labels: {},
    context: {},
    agentIds: [],
    traceId: null,
    value: null,
    threshold: null,
    startsAtMs: START_MS,
    updatedAtMs: START_MS,
    endsAtMs: null,
    count: 1,
    raised: 1,
    acknowledged: null,
    notifiedAtMs: null,
    ...fields,
    state: fields.endsAtMs === null ? "firing" : "resolved",
  };
}

test("SqliteAlertStore.alerts() and pruneAlerts() agree with VolatileAlertStore", async () => {
  const retentions = fc.record({ beforeMs: instant, keep: fc.integer({ min: 0, max: 20 }) });
  await fc.assert(
    fc.asyncProperty(alertRows, alertQueries, retentions, async (rows, queries, retention) => {
      using database = openLedger(":memory:");
      const stores = [new VolatileAlertStore(), new SqliteAlertStore(database)] as const;
      const alerts = rows.map(alertOf);
      for (const store of stores) {
        await store.putAlerts("default", alerts.slice(0, 20));
        await store.putAlerts("default", alerts.slice(20));
      }
      const agree = async (query: AlertQuery): Promise<void> => {
        const [expected, found] = await Promise.all(
          stores.map((store) => store.alerts("default", query)),
        );
        assert.deepEqual(found, expected, JSON.stringify(query));
      };
      for (const query of queries) await agree(query);
      const [expected, found] = await Promise.all(
        stores.map((store) => store.pruneAlerts("default", retention)),
      );
      assert.deepEqual(found, expected);
      await agree({});
    }),
    RUNS,
  );
});

const spanRows = fc.array(
  fc.record({
    name,
    agentId: fc.option(name),
    traceId: trace,
    startMs: instant,
    durationMs: fc.constantFrom(0, 3, 20),
  }),
  { maxLength: 60 },
);
const spanQueries = questions<SpanQuery>({
  name,
  agentId: fc.option(name),
  traceId: trace,
  fromMs: instant,
  toMs: instant,
  limit,
});

test("SqliteProfileStore.spans() and pruneProfiles() agree with VolatileProfileStore", async () => {
  const retentions = fc.record({
    spansBeforeMs: instant,
    keepSpans: fc.integer({ min: 0, max: 40 }),
    profilesBeforeMs: fc.constant(0),
    profileBytes: fc.constant(0),
  });
  await fc.assert(
    fc.asyncProperty(spanRows, spanQueries, retentions, async (rows, queries, retention) => {
      using database = openSeries(":memory:");
      const stores = [new VolatileProfileStore(), new SqliteProfileStore(database)] as const;
      const spans = rows.map((row, index): SpanRecord => {
        const spanId = index.toString(16).padStart(16, "0");
        const rest = { namespace: "default", parentSpanId: null, kind: "scope", ok: true };
        return { spanId, ...rest, error: null, context: {}, ...row };
      });
      for (const store of stores) await store.appendSpans("default", spans);
      const agree = async (query: SpanQuery): Promise<void> => {
        const [expected, found] = await Promise.all(
          stores.map((store) => store.spans("default", query)),
        );
        assert.deepEqual(found, expected, JSON.stringify(query));
      };
      for (const query of queries) await agree(query);
      const [expected, found] = await Promise.all(
        stores.map((store) => store.pruneProfiles("default", retention)),
      );
      assert.deepEqual(found, expected);
      await agree({});
    }),
    RUNS,
  );
});
