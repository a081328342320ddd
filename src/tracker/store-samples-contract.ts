// The part of the SeriesStore contract about raw samples, and about what there are samples of.

import assert from "node:assert/strict";
import { test } from "node:test";

import type { Sample } from "./model.ts";
import type { SeriesStore } from "./store.ts";
import { MINUTE_MS, START_MS, minuteOf, sampleOf } from "./test-support/series-records.ts";

/** Registers the criteria; `store` gives the fresh store of the running test. */
export function sampleReadsContract(store: () => SeriesStore): void {
  test("samples() returns what append() took, unchanged, after its promise", async () => {
    const samples = [
      sampleOf({ value: -0.1, atMs: START_MS }),
      sampleOf({ value: 1e300, atMs: START_MS + 1, agentId: null }),
      sampleOf({
        metric: "a.user:metric-1",
        value: 5e-324,
        atMs: START_MS + 2,
        context: { operation: "über \"quoted\" 'text'; \n", attempt: 3, retried: true },
        metadata: { nested: { list: [1, null, "x"], deep: { ok: false } } },
      }),
      sampleOf({ value: 0.1 + 0.2, atMs: START_MS + 3 }),
    ];
    await store().append("default", { samples, minutes: [] });
    const found = await store().samples("default", {});
    assert.deepEqual(JSON.parse(JSON.stringify(found)), samples.toReversed());
  });

  test("metrics() names metrics, their agents and how many series there are", async () => {
    const samples = [sampleOf({ metric: "raw", agentId: null })];
    const minutes = [
      minuteOf({ agentId: "a" }),
      minuteOf({ agentId: "a", labels: { zone: "eu" } }),
      minuteOf({ agentId: "b", minuteMs: START_MS + MINUTE_MS }),
      minuteOf({ agentId: null }),
    ];
    await store().append("default", { samples, minutes });
    const found = await store().metrics("default");
    assert.deepEqual(
      found.toSorted((a, b) => (a.metric < b.metric ? -1 : 1)),
      [
        { metric: "raw", agents: [], series: 1 },
        { metric: "response_time", agents: ["a", "b"], series: 4 },
      ],
    );
    assert.deepEqual(await store().metrics("other"), []);
  });

  test("samplePage() gives every sample of a range once, however many share an instant", async () => {
    const samples = Array.from({ length: 40 }, (_, index) =>
      sampleOf({ value: index, atMs: START_MS + (index < 30 ? 0 : index % 3) }),
    );
    await store().append("default", { samples, minutes: [minuteOf({ labels: { zone: "eu" } })] });
    await store().append("other", { samples: samples.slice(0, 9), minutes: [] });
    const range = { fromMs: START_MS, toMs: START_MS + 2 };
    for (const limit of [1, 7, 100]) {
      const found: Sample[] = [];
      let page = await store().samplePage("default", range, limit, null);
      found.push(...page.samples);
      while (page.next !== null) {
        page = await store().samplePage("default", range, limit, page.next);
        assert.ok(page.samples.length <= limit);
        found.push(...page.samples);
      }
      assert.deepEqual(found, await store().samples("default", range), `pages of ${limit}`);
    }
  });

  test("samples() filters by metric, agent and range, from inclusive and to exclusive", async () => {
    const samples = [];
    for (let index = 0; index < 10; index++) {
      samples.push(
        sampleOf({
          metric: index % 2 === 0 ? "even" : "odd",
          agentId: index < 5 ? "worker-1" : "worker-2",
          value: index,
          atMs: START_MS + index,
        }),
      );
    }
    await store().append("default", { samples, minutes: [] });
    const values = async (query: Parameters<SeriesStore["samples"]>[1]): Promise<number[]> =>
      (await store().samples("default", query)).map((sample) => sample.value);
    assert.deepEqual(await values({ metric: "even" }), [8, 6, 4, 2, 0]);
    assert.deepEqual(await values({ agentId: "worker-2", metric: "odd" }), [9, 7, 5]);
    assert.deepEqual(await values({ fromMs: START_MS + 3, toMs: START_MS + 6 }), [5, 4, 3]);
    assert.deepEqual(await values({ metric: "unknown" }), []);
    assert.deepEqual(await values({ fromMs: START_MS + 100 }), []);
  });
}
