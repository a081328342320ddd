import assert from "node:assert/strict";
import { test } from "node:test";

import { labelsKey, OTHER } from "./labels.ts";
import { SeriesTable } from "./series-table.ts";

const roomy = {
  maxSeries: 1000,
  maxSeriesPerAgent: 1000,
  maxSeriesPerMetric: 1000,
  maxMetricNames: 1000,
  labels: { maxLabels: 8, maxNameLength: 128, maxValueLength: 16 },
};

function tableOf(caps: Partial<typeof roomy> = {}): SeriesTable {
  return new SeriesTable({ ...roomy, ...caps }, () => 0);
}

test("SeriesTable.resolve() finds the same series whatever the order or type of labels", () => {
  const table = tableOf();
  const series = table.resolve("m", "a", { x: 1, y: true });
  assert.equal(table.resolve("m", "a", { y: true, x: 1 }), series);
  assert.equal(table.resolve("m", "a", { y: "true", x: "1" }), series);
  assert.equal(table.resolve("m", "a", { x: 1, y: true, z: null }), series);
  assert.deepEqual(series.identity.labels, { x: "1", y: "true" });
  assert.deepEqual(series.identity.context, { x: 1, y: true });
  assert.equal(table.size, 1);
});

test("SeriesTable.resolve() keeps metric, agent, no agent and labels apart", () => {
  const table = tableOf();
  const all = [
    table.resolve("m", "a", undefined),
    table.resolve("m", null, undefined),
    table.resolve("n", "a", undefined),
    table.resolve("m", "a", { x: "1" }),
    table.resolve("m", "a", { x: "2" }),
    table.resolve("m", "a", { x: "1", y: "" }),
    table.resolve("m", "a", { x: '1"],["y","' }),
  ];
  assert.equal(new Set(all).size, all.length);
  assert.equal(table.resolve("m", "a", {}), all[0]);
});

test("SeriesTable.lookup() answers for a context seen before, without resolving", () => {
  const table = tableOf();
  assert.equal(table.lookup("m", "a", { x: 1 }), undefined);
  const series = table.resolve("m", "a", { x: 1 });
  assert.equal(table.lookup("m", "a", { x: 1 }), series);
  assert.equal(table.lookup("m", "a", { x: 2 }), undefined);
});

test("SeriesTable folds labels of an agent over its cap into __other__, per metric", () => {
  const table = tableOf({ maxSeriesPerAgent: 3 });
  for (let index = 0; index < 50; index++) table.resolve("m", "a", { request: index });
  assert.equal(table.size, 4);
  assert.equal(table.folded, 47);
  const folded = table.resolve("m", "a", { request: 99 });
  assert.deepEqual(folded.identity.labels, { [OTHER]: "true" });
  assert.equal(folded.identity.agentId, "a");
  assert.ok(table.isFolded(folded));
  assert.ok(!table.isFolded(table.resolve("m", "b", { request: 1 })));
  assert.equal(table.resolve("m", "a", { request: 2 }).identity.labels["request"], "2");
});

test("SeriesTable bounds an agent that makes up metrics: then its agent is __other__", () => {
  const table = tableOf({ maxSeriesPerAgent: 3 });
  for (let index = 0; index < 500; index++) table.resolve(`m${index}`, "a", { x: 1 });
  assert.equal([...table.select(undefined, "a")].length, 3 + 64);
  const last = table.resolve("m499", "a", { x: 1 });
  assert.equal(last.identity.agentId, OTHER);
  assert.deepEqual(table.agents(), ["a"]);
});

test("SeriesTable folds agents of a metric over its cap, and series over the total", () => {
  for (const caps of [{ maxSeriesPerMetric: 10 }, { maxSeries: 10 }]) {
    const table = tableOf(caps);
    for (let index = 0; index < 100; index++) table.resolve("m", `a${index}`, undefined);
    assert.equal(table.size, 11);
    assert.equal(table.resolve("m", "a99", undefined).identity.agentId, OTHER);
  }
});

test("SeriesTable folds metric names over their cap into the metric __other__", () => {
  const table = tableOf({ maxMetricNames: 5 });
  for (let index = 0; index < 100; index++) table.resolve(`m${index}`, "a", undefined);
  assert.equal(table.metricCount, 6);
  assert.equal(table.resolve("m99", "a", undefined).identity.metric, OTHER);
  assert.equal(table.resolve("m4", "b", undefined).identity.metric, "m4");
});

test("SeriesTable stays within maxSeries and one per metric, whatever is thrown at it", () => {
  const table = tableOf({ maxSeries: 50, maxMetricNames: 7, maxSeriesPerAgent: 5 });
  for (let index = 0; index < 5000; index++) {
    table.resolve(`m${index % 13}`, `a${index % 97}`, { x: index, y: index % 3 });
    assert.ok(table.size <= 50 + 7 + 1);
  }
});

test("SeriesTable cuts long values, leaves out labels over the cap, and counts them", () => {
  const table = tableOf({ labels: { maxLabels: 2, maxNameLength: 4, maxValueLength: 3 } });
  const series = table.resolve("m", "a", { a: "12345", toolong: "x", __r: "x", b: [1, 2], c: "x" });
  assert.deepEqual(series.identity.labels, { a: "123", b: "[1," });
  assert.equal(table.labelsDropped, 3);
  const emoji = table.resolve("m", "a", { a: "ab😀" });
  assert.deepEqual(emoji.identity.labels, { a: "ab" });
});

test("SeriesTable.release() gives an agent's room back and marks its series", () => {
  const table = tableOf({ maxSeries: 2 });
  const before = table.resolve("m", "a", { x: 1 });
  table.resolve("n", "a", undefined);
  assert.equal(table.resolve("m", "b", undefined).identity.agentId, OTHER);
  assert.equal(table.release("a").length, 2);
  assert.ok(before.released);
  assert.equal(table.lookup("m", "a", { x: 1 }), undefined);
  assert.equal(table.resolve("m", "b", undefined).identity.agentId, "b");
  assert.deepEqual(table.agents(), ["b"]);
  assert.notEqual(table.find("m", "b", labelsKey({})), undefined);
});
