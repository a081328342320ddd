import assert from "node:assert/strict";
import { test } from "node:test";

import { median, RowReport } from "./benchmark.ts";

test("median() is the middle value, or the mean of the two middle ones", () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  assert.ok(Number.isNaN(median([])));
});

test("RowReport.compare() alternates who begins, warms up, and measures each the same", async () => {
  const report = new RowReport("test");
  const order: string[] = [];
  const contender = (
    name: string,
    peer: boolean,
  ): { name: string; peer: boolean; run: (n: number) => number } => ({
    name,
    peer,
    run(operations) {
      order.push(name);
      return operations;
    },
  });
  const contenders = [contender("a", true), contender("b", false)];
  await report.compare("group", contenders, { operations: 10, rounds: 3, warmUpRounds: 1 });
  assert.deepEqual(order.join(""), "abbaabba");
  assert.equal(report.blackhole, 80);
  assert.deepEqual(
    report.rows.map((row) => [row.name, row.unit, row.ratio === null]),
    [
      ["a", "ns/op", true],
      ["b", "ns/op", false],
    ],
  );
});

test("RowReport.add() compares with the peer, in the direction that is better", () => {
  const report = new RowReport("test");
  report.add("time", [
    { name: "peer", rounds: [300, 100, 200], unit: "ns/op", peer: true },
    { name: "ours", rounds: [50], unit: "ns/op" },
    { name: "part", rounds: [5], unit: "ns/op", part: true },
  ]);
  report.add("rate", [
    { name: "peer", rounds: [1000], unit: "messages/s", better: "higher", peer: true },
    { name: "ours", rounds: [500], unit: "messages/s", better: "higher" },
  ]);
  assert.deepEqual(
    report.rows.map((row) => row.ratio),
    [null, 4, null, null, 0.5],
  );
  assert.deepEqual([report.rows[0]?.fastest, report.rows[0]?.slowest], [100, 300]);
});
