import assert from "node:assert/strict";
import { test } from "node:test";
import { metricChoiceQuery, parseMetricChoice, seriesGrouping } from "./metric-choice.ts";

test("parseMetricChoice() reads back what an address carries", () => {
  const choice = {
    metric: "cpu_usage",
    agent: "w1",
    aggregation: "p95",
    groupBy: "route",
  } as const;
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(metricChoiceQuery(choice))) {
    if (value !== null) query.set(name, value);
  }
  assert.deepEqual(parseMetricChoice(query), choice);
});

test("parseMetricChoice() falls back to the average over all", () => {
  const choice = parseMetricChoice(new URLSearchParams("agg=mean&by=moon"));
  assert.deepEqual([choice.aggregation, choice.groupBy], ["avg", "none"]);
  assert.ok(Object.values(metricChoiceQuery(choice)).every((value) => value === null));
});

test("seriesGrouping() asks for agents, for labels, or for one line", () => {
  assert.deepEqual(
    (["none", "agent", "outcome"] as const).map((groupBy) => seriesGrouping(groupBy)),
    ["none", "agent", "label:outcome"],
  );
});
