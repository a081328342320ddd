// Whatever is found, said and done in whatever order and time: what the book promises holds.

import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { IdGenerator, ManualClock } from "../core/index.ts";

import type { Alert } from "./alert.ts";
import { AlertBook } from "./alert-book.ts";
import type { AlertChange } from "./alert-book.ts";
import { LEVEL_RANK } from "./finding.ts";
import { manualFinding } from "./manual-alert.ts";
import { findingOf } from "./test-support/finding.ts";

const MAX_FIRING = 4;
const MANUAL_TIMEOUT_MS = 100_000;

const level = fc.constantFrom("info", "warning", "error", "critical" as const);

/** Few, so that the same words come again while they wait for room. */
const quiet = fc.constantFrom("info", "warning" as const);

const found = fc.record({
  key: fc.constantFrom("a", "b", "c", "d", "e", "f"),
  level,
  agents: fc.integer({ min: 0, max: 6 }),
  forMs: fc.constantFrom(0, 30_000),
  keepFiringForMs: fc.constantFrom(0, 60_000),
});

const step = fc.oneof(
  fc.record({ do: fc.constant("observe" as const), found: fc.array(found, { maxLength: 8 }) }),
  fc.record({ do: fc.constant("advance" as const), ms: fc.integer({ min: 0, max: 90_000 }) }),
  fc.record({
    do: fc.constant("say" as const),
    level: quiet,
    word: fc.integer({ min: 0, max: 7 }),
  }),
  fc.record({ do: fc.constant("acknowledge" as const), pick: fc.nat(20) }),
  fc.record({ do: fc.constant("unacknowledge" as const), pick: fc.nat(20) }),
  fc.record({ do: fc.constant("resolve" as const), pick: fc.nat(20) }),
  fc.record({ do: fc.constant("restart" as const) }),
);

type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

/** Checks every change against what was known before it. */
class Witness {
  readonly alerts = new Map<string, Alert>();
  said = 0;
  counted = 0;

  take({ kind, alert }: AlertChange): void {
    const before = this.alerts.get(alert.id);
    if (kind === "queued") assert.ok(before === undefined || before.state === "queued");
    else if (kind === "raised") {
      assert.ok(before === undefined || before.state === "queued", "an id is raised once");
      assert.equal(alert.startsAtMs, before?.startsAtMs ?? alert.startsAtMs);
    } else {
      assert.ok(before, "what changes was raised");
      assert.equal(before.state, "firing", "what is resolved never changes");
      assert.ok(alert.updatedAtMs >= before.updatedAtMs);
      assert.ok(alert.count >= before.count && alert.raised >= before.raised);
      const { key, rule, startsAtMs, source } = before;
      const same = { key: alert.key, rule: alert.rule, startsAtMs: alert.startsAtMs };
      assert.deepEqual({ ...same, source: alert.source }, { key, rule, startsAtMs, source });
      const isWorse = LEVEL_RANK[alert.level] > LEVEL_RANK[before.level];
      if (isWorse) assert.equal(kind, "raised_again", "worse is news");
    }
    if (kind === "raised_again") {
      assert.equal(alert.acknowledged, null);
      assert.equal(alert.raised, (before?.raised ?? 0) + 1);
    }
    assert.equal(alert.state === "firing", kind !== "resolved" && kind !== "queued");
    assert.equal(alert.endsAtMs === null, alert.state !== "resolved");
    assert.ok(alert.endsAtMs === null || alert.endsAtMs >= alert.startsAtMs);
    if (alert.rule === "manual") this.counted += alert.count - (before?.count ?? 0);
    this.alerts.set(alert.id, alert);
  }

  checkFiring(book: AlertBook): void {
    const firing = [...book.firing()];
    const keys = new Set(firing.map((alert) => alert.key));
    assert.equal(keys.size, firing.length, "at most one fires per key");
    assert.ok(firing.length <= 2 * MAX_FIRING + 1, "a bounded number fires");
    const queued = [...book.queued()];
    for (const alert of queued) assert.ok(!keys.has(alert.key), "what fires does not wait");
    const known = [...this.alerts.values()].filter((alert) => alert.state !== "resolved");
    assert.deepEqual(
      new Set(known.map((alert) => alert.id)),
      new Set([...firing, ...queued].map((alert) => alert.id)),
      "changes tell all that fires and all that waits",
    );
    for (const alert of [...firing, ...queued])
      assert.deepEqual(book.get(alert.id), this.alerts.get(alert.id));
    if (book.byKey("alert_flood") !== undefined) assert.ok(book.folded > 0);
  }

  /** Somebody may end the flood's alert by hand; the next look at everything raises it again. */
  checkFlood(book: AlertBook): void {
    assert.equal(book.byKey("alert_flood") === undefined, book.folded === 0);
  }
}

test("AlertBook keeps its promises over any sequence of findings, words, acts and time", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80, size: "max" }), (steps) => {
      const clock = new ManualClock();
      const witness = new Witness();
      const make = (): AlertBook =>
        new AlertBook({
          namespace: "default",
          clock,
          ids: new IdGenerator(clock),
          maxFiring: MAX_FIRING,
          manualTimeoutMs: MANUAL_TIMEOUT_MS,
          onChange: (change) => witness.take(change),
        });
      let book = make();
      for (const one of steps) {
        if (one.do === "restart") {
          const alerts = [...book.firing(), ...book.queued()];
          book = make();
          book.restore(alerts);
          book.observe([]);
        } else play(book, clock, witness, one);
        witness.checkFiring(book);
        if (one.do === "observe") witness.checkFlood(book);
      }
      // In the end everything said has been counted by an alert.
      for (let round = 0; round < 40; round++) {
        clock.advance(1_000_000);
        book.observe([]);
        witness.checkFiring(book);
      }
      assert.equal(book.firingCount, 0, "everything ends");
      assert.equal(witness.counted, witness.said, "counts add up");
    }),
    { numRuns: 200 },
  );
});

function play(
  book: AlertBook,
  clock: ManualClock,
  witness: Witness,
  one: Exclude<Step, { do: "restart" }>,
): void {
  const pick = (at: number): string => [...book.firing(), ...book.queued()][at]?.id ?? "alert_none";
  switch (one.do) {
    case "observe":
      book.observe(
        one.found.map(({ key, agents, ...rest }) =>
          findingOf(key, {
            ...rest,
            agentIds: Array.from({ length: agents }, (_, index) => `agent-${index}`),
          }),
        ),
      );
      return;
    case "advance":
      clock.advance(one.ms);
      return;
    case "say": {
      const request = { level: one.level, message: `word ${one.word}`, source: "test" };
      const alert = book.add(manualFinding(request, MANUAL_TIMEOUT_MS));
      assert.equal(
        book.get(alert.id),
        alert,
        "what is said is counted by an alert that fires or waits",
      );
      witness.said += 1;
      return;
    }
    case "acknowledge": {
      const alert = book.acknowledge(pick(one.pick), { owner: "ana", note: "" });
      if (alert !== undefined) assert.equal(alert.acknowledged?.owner, "ana");
      return;
    }
    case "unacknowledge":
      book.unacknowledge(pick(one.pick));
      return;
    case "resolve":
      book.resolve(pick(one.pick), "");
      return;
  }
}
