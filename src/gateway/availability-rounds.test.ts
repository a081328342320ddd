import assert from "node:assert/strict";
import { test } from "node:test";

import { ManualClock } from "../core/index.ts";
import { AvailabilityRounds } from "./availability-rounds.ts";

const INTERVAL_MS = 60_000;

function open() {
  const clock = new ManualClock();
  const known = new Map<string, boolean>();
  const values: string[] = [];
  const rounds = new AvailabilityRounds({
    clock,
    intervalMs: INTERVAL_MS,
    isAvailable: (serviceId) => known.get(serviceId),
    record: (serviceId, available) => values.push(`${serviceId} ${available ? "up" : "down"}`),
  });
  return { clock, known, values, rounds };
}

test("AvailabilityRounds.checked() writes one value a round, however many checks there are", () => {
  const { clock, known, values, rounds } = open();
  known.set("search", true).set("mail", false);
  for (let check = 0; check < 3; check++) rounds.checked("search");
  rounds.checked("mail");
  clock.advance(INTERVAL_MS - 1);
  rounds.checked("search");
  assert.deepEqual(values, ["search up", "mail down"]);
  known.set("mail", true);
  clock.advance(1);
  assert.deepEqual(values.slice(2), ["search up", "mail up"]);
});

test("AvailabilityRounds.checked() waits while nobody knows, and forgets what has gone", () => {
  const { clock, known, values, rounds } = open();
  rounds.checked("search");
  assert.deepEqual(values, []);
  known.set("search", true);
  rounds.checked("search");
  known.delete("search");
  clock.advance(10 * INTERVAL_MS);
  assert.deepEqual(values, ["search up"]);
});

test("AvailabilityRounds.stop() ends all rounds", () => {
  const { clock, known, values, rounds } = open();
  known.set("search", true);
  rounds.checked("search");
  rounds.stop();
  rounds.checked("search");
  clock.advance(10 * INTERVAL_MS);
  assert.deepEqual(values, ["search up"]);
});
