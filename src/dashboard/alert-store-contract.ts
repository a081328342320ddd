// What every AlertStore must do, as tests. Imported by its own path, never through index.ts: it
// pulls in node:test.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import type { Alert, AlertQuery, AlertStore } from "./alert.ts";
import { dashboardLimits } from "./limits.ts";

/** A store under test, and how to let go of it. */
export interface AlertStoreUnderTest {
  readonly store: AlertStore;
  readonly close: () => Promise<void> | void;
}

const START_MS = 1_700_000_000_000;

/**
 * Registers the contract of {@link AlertStore} as a node:test suite.
 * @param name the adapter's name, shown in the test report.
 * @param factory makes an empty store for one test.
 */
export function alertStoreContract(
  name: string,
  factory: () => Promise<AlertStoreUnderTest> | AlertStoreUnderTest,
): void {
  const check = (criterion: string, body: (store: AlertStore) => Promise<void>): void => {
    test(criterion, async () => {
      const { store, close } = await factory();
      try {
        await body(store);
      } finally {
        await close();
      }
    });
  };
  describe(`${name} keeps the contract of AlertStore`, () => {
    checkRows(check);
    checkQueries(check);
    checkPruning(check);
  });
}

type Check = (criterion: string, body: (store: AlertStore) => Promise<void>) => void;

function checkRows(check: Check): void {
  check("an empty store has nothing", async (store) => {
    assert.deepEqual(await store.alerts("default", {}), []);
    assert.equal(await store.alert("default", "alert_1"), undefined);
    const retention = { beforeMs: START_MS, keep: 0 };
    assert.deepEqual(await store.pruneAlerts("default", retention), { alerts: 0 });
  });

  check("putAlerts() gives every field back as it was", async (store) => {
    const alert = makeAlert(1, {
      level: "critical",
      message: 'search answers 62% of calls with "503" – überlastet',
      labels: { service: "search", region: "eu" },
      context: { nested: { list: [1, null, "two"], empty: {} } },
      agentIds: ["planner", "reviewer"],
      traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
      value: 0.62,
      threshold: 0.1,
      count: 7,
      raised: 2,
      acknowledged: { owner: "ana", note: "on it", atMs: START_MS + 9 },
      notifiedAtMs: START_MS + 8,
    });
    const plain = makeAlert(2);
    await store.putAlerts("default", [alert, plain]);
    assert.deepEqual(await store.alert("default", alert.id), alert);
    assert.deepEqual(await store.alert("default", plain.id), plain);
    assert.deepEqual(await store.alerts("default", {}), [plain, alert]);
  });

  check("putAlerts() replaces rows by id", async (store) => {
    const alert = makeAlert(1, { acknowledged: { owner: "ana", note: "", atMs: START_MS } });
    await store.putAlerts("default", [alert, makeAlert(2)]);
    const resolved = end(alert, START_MS + 500);
    await store.putAlerts("default", [{ ...resolved, acknowledged: null }]);
    assert.deepEqual(await store.alert("default", alert.id), { ...resolved, acknowledged: null });
    assert.equal((await store.alerts("default", {})).length, 2);
    assert.deepEqual(await store.alerts("default", { acknowledged: true }), []);
  });

  check("a row of one batch that comes twice counts as it came last", async (store) => {
    const alert = makeAlert(1);
    await store.putAlerts("default", [alert, { ...alert, count: 2 }]);
    assert.equal((await store.alert("default", alert.id))?.count, 2);
  });

  check("namespaces do not see each other's alerts", async (store) => {
    await store.putAlerts("default", [makeAlert(1)]);
    await store.putAlerts("demo", [makeAlert(2, { namespace: "demo" })]);
    assert.deepEqual(await store.alerts("demo", {}), [makeAlert(2, { namespace: "demo" })]);
    assert.equal(await store.alert("demo", makeAlert(1).id), undefined);
    await store.pruneAlerts("demo", { beforeMs: Number.MAX_SAFE_INTEGER, keep: 0 });
    assert.equal((await store.alerts("default", {})).length, 1);
  });
}

function checkQueries(check: Check): void {
  check("alerts() lists firing ones first, then the newest", async (store) => {
    const [a, b, c, d] = [makeAlert(1), makeAlert(2), makeAlert(3), makeAlert(4)] as const;
    await store.putAlerts("default", [end(d, START_MS + 90), b, end(c, START_MS + 80), a]);
    const ids = (await store.alerts("default", {})).map((alert) => alert.id);
    assert.deepEqual(ids, [b.id, a.id, d.id, c.id]);
    const [first] = await store.alerts("default", { limit: 1 });
    assert.equal(first?.id, b.id);
  });

  check("alerts() returns 100 unless told, and never more than the limit", async (store) => {
    const { alertsPerQuery } = dashboardLimits;
    const all = Array.from({ length: alertsPerQuery.value + 5 }, (_, index) => makeAlert(index));
    await store.putAlerts("default", all);
    assert.equal((await store.alerts("default", {})).length, 100);
    const many = await store.alerts("default", { limit: 50_000 });
    assert.equal(many.length, alertsPerQuery.value);
  });

  check("alerts() finds by each field, and by all of them together", async (store) => {
    const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    const wanted = makeAlert(1, {
      level: "error",
      rule: "service_failing",
      source: "service:search",
      message: "search answers 62% of calls with errors",
      agentIds: ["planner", "reviewer"],
      traceId: trace,
      acknowledged: { owner: "ana", note: "", atMs: START_MS },
    });
    const other = end(makeAlert(2, { agentIds: ["planner-2"] }), START_MS + 50);
    await store.putAlerts("default", [wanted, other]);
    const queries: AlertQuery[] = [
      { state: "firing" },
      { level: "error" },
      { rule: "service_failing" },
      { source: "service:search" },
      { agentId: "planner" },
      { agentId: "reviewer" },
      { traceId: trace },
      { acknowledged: true },
      { text: "62% OF calls" },
    ];
    for (const query of [...queries, Object.assign({}, ...queries)]) {
      assert.deepEqual(await store.alerts("default", query), [wanted], JSON.stringify(query));
    }
    assert.deepEqual(await store.alerts("default", { acknowledged: false }), [other]);
    assert.deepEqual(await store.alerts("default", { state: "resolved" }), [other]);
    assert.deepEqual(await store.alerts("default", { state: "resolved", level: "error" }), []);
  });

  check("alerts() after an alert gives what follows it, page by page", async (store) => {
    const all = Array.from({ length: 20 }, (_, index) => {
      const alert = makeAlert(index, { startsAtMs: START_MS + Math.max(0, index - 14) });
      return index % 2 === 0 ? alert : end(alert, START_MS + 100);
    });
    await store.putAlerts("default", all);
    for (const filter of [{}, { state: "firing" }, { state: "resolved" }] as const) {
      const whole = await store.alerts("default", filter);
      const walked: Alert[] = [];
      let page = await store.alerts("default", { ...filter, limit: 3 });
      for (let after = page.at(-1); after !== undefined; after = page.at(-1)) {
        walked.push(...page);
        page = await store.alerts("default", { ...filter, after, limit: 3 });
      }
      assert.deepEqual(walked, whole);
      assert.equal(walked.length, "state" in filter ? 10 : 20);
    }
  });

  check("alerts() takes the text to look for as it is written", async (store) => {
    const alerts = [
      makeAlert(1, { message: "100% of calls failed" }),
      makeAlert(2, { message: "100 of calls failed" }),
      makeAlert(3, { message: "under_score" }),
      makeAlert(4, { message: "underXscore" }),
    ];
    await store.putAlerts("default", alerts);
    const found = async (text: string): Promise<string[]> =>
      (await store.alerts("default", { text })).map((alert) => alert.message);
    assert.deepEqual(await found("100% of"), ["100% of calls failed"]);
    assert.deepEqual(await found("under_score"), ["under_score"]);
    assert.deepEqual(await found("'; DROP"), []);
  });

  check("alerts() of a range are those that fired at some time in it", async (store) => {
    const early = end(makeAlert(0, { startsAtMs: START_MS }), START_MS + 100);
    const long = makeAlert(1, { startsAtMs: START_MS + 50 });
    const late = makeAlert(2, { startsAtMs: START_MS + 300 });
    await store.putAlerts("default", [early, long, late]);
    const found = async (fromMs?: number, toMs?: number): Promise<string[]> => {
      const range = {
        ...(fromMs === undefined ? {} : { fromMs }),
        ...(toMs === undefined ? {} : { toMs }),
      };
      return (await store.alerts("default", range)).map((alert) => alert.id).sort();
    };
    assert.deepEqual(await found(START_MS + 100, START_MS + 200), [early.id, long.id]);
    assert.deepEqual(await found(START_MS + 101, START_MS + 200), [long.id]);
    assert.deepEqual(await found(START_MS + 101), [long.id, late.id]);
    assert.deepEqual(await found(undefined, START_MS + 300), [early.id, long.id]);
    assert.deepEqual(await found(START_MS - 9, START_MS), []);
  });
}

function checkPruning(check: Check): void {
  check("pruneAlerts() drops what was resolved before, and never what fires", async (store) => {
    const firing = makeAlert(1);
    const old = end(makeAlert(2), START_MS + 10);
    const young = end(makeAlert(3), START_MS + 20);
    await store.putAlerts("default", [firing, old, young]);
    const pruned = await store.pruneAlerts("default", { beforeMs: START_MS + 20, keep: 100 });
    assert.deepEqual(pruned, { alerts: 1 });
    assert.deepEqual(await store.alerts("default", {}), [firing, young]);
    assert.equal(await store.alert("default", old.id), undefined);
  });

  check("pruneAlerts() keeps the resolved ones that ended last", async (store) => {
    const firing = [1, 2, 3].map((number) => makeAlert(number));
    // Started in one order, ended in the other.
    const ended = [4, 5, 6, 7].map((number) => end(makeAlert(number), START_MS + 100 - number));
    await store.putAlerts("default", [...firing, ...ended]);
    const pruned = await store.pruneAlerts("default", { beforeMs: 0, keep: 2 });
    assert.deepEqual(pruned, { alerts: 2 });
    const left = (await store.alerts("default", { state: "resolved" })).map((alert) => alert.id);
    assert.deepEqual(left.sort(), [ended[0]?.id, ended[1]?.id]);
    assert.equal((await store.alerts("default", { state: "firing" })).length, 3);
    assert.deepEqual(await store.pruneAlerts("default", { beforeMs: 0, keep: 2 }), { alerts: 0 });
  });
}

function end(alert: Alert, atMs: number): Alert {
  return { ...alert, state: "resolved", endsAtMs: atMs, updatedAtMs: atMs };
}

function makeAlert(number: number, changes: Partial<Alert> = {}): Alert {
  return {
    id: `alert_${String(number).padStart(6, "0")}`,
    namespace: "default",
    key: `rule:${number}`,
    rule: "manual",
    level: "warning",
    message: `alert ${number}`,
    source: "system_monitor",
    labels: {},
    context: {},
    agentIds: [],
    traceId: null,
    value: null,
    threshold: null,
    state: "firing",
    startsAtMs: START_MS + number,
    updatedAtMs: START_MS + number,
    endsAtMs: null,
    count: 1,
    raised: 1,
    acknowledged: null,
    notifiedAtMs: null,
    ...changes,
  };
}
