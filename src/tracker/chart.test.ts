import assert from "node:assert/strict";
import { test } from "node:test";

import { ChartBuilder } from "./chart.ts";
import type { SeriesQuery } from "./model.ts";

test("ChartBuilder.build() gives finite points where sums overflow: JSON has no Infinity", () => {
  const query: SeriesQuery = {
    metric: "m",
    fromMs: 0,
    toMs: 1000,
    stepMs: 1000,
    aggregation: "sum",
  };
  for (const aggregation of ["sum", "avg"] as const) {
    const chart = new ChartBuilder({ ...query, aggregation });
    for (const value of [1e308, 1e308, 1.5e308]) chart.addSample(null, value, 0);
    const [line] = chart.build();
    const [point] = line?.points ?? [];
    assert.ok(Number.isFinite(point?.[1]), `${aggregation} is ${point?.[1]}`);
    assert.ok((point?.[1] ?? 0) <= (aggregation === "avg" ? 1.5e308 : Number.MAX_VALUE));
  }
});
