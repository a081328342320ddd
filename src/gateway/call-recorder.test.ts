import assert from "node:assert/strict";
import { test } from "node:test";

import { ManualClock } from "../core/index.ts";
import { CallRecorder, outcomeOf } from "./call-recorder.ts";
import type { EndedCall } from "./call-recorder.ts";
import type { CallBatch } from "./data-plane.ts";
import { gatewayLimits } from "./limits.ts";
import type { CallRecord } from "./model.ts";

const SLOW_MS = 1000;

function ended(changes: Partial<EndedCall> = {}): EndedCall {
  const call = {
    namespace: "default",
    agentId: "alice",
    serviceId: "users",
    route: "/v1/users/:id",
    status: 200,
    code: null,
    durationMs: 10,
    upstreamMs: 8,
    requestBytes: 1,
    responseBytes: 2,
    ...changes,
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the recorder looks into none
  return { ...call, toRecord: () => ({ ...call }) as unknown as CallRecord };
}

function recording(): { recorder: CallRecorder; clock: ManualClock; batches: CallBatch[] } {
  const clock = new ManualClock();
  const recorder = new CallRecorder(clock, () => ({ inFlight: [], outcomes: [] }));
  const batches: CallBatch[] = [];
  recorder.onBatch((batch) => batches.push(batch));
  return { recorder, clock, batches };
}

test("outcomeOf() tells few outcomes apart, and counts a broken answer as failed", () => {
  const outcomes = [outcomeOf(204, null), outcomeOf(429, "x"), outcomeOf(404, "x")];
  assert.deepEqual(outcomes, ["2xx", "429", "4xx"]);
  assert.deepEqual(
    [outcomeOf(499, null), outcomeOf(200, "gateway.upstream_broken")],
    ["499", "5xx"],
  );
});

test("CallRecorder tells what happened in batches, and nothing when nothing did", () => {
  const { recorder, clock, batches } = recording();
  recorder.ended(ended(), SLOW_MS);
  recorder.ended(ended({ durationMs: 30, upstreamMs: null }), SLOW_MS);
  recorder.ended(ended({ status: 503 }), SLOW_MS);
  assert.equal(batches.length, 0);
  clock.advance(gatewayLimits.batchIntervalMs.value);
  clock.advance(10_000);
  assert.equal(batches.length, 1);
  const [batch] = batches;
  assert.equal(batch?.calls.length, 3);
  const good = batch?.aggregates.find((cell) => cell.outcome === "2xx");
  assert.deepEqual([...(good?.durationsSeconds ?? [])], [0.01, 0.03]);
  assert.deepEqual([...(good?.upstreamSeconds ?? [])], [0.008]);
  assert.equal(good?.responseBytes, 4);
  assert.equal(batch?.aggregates.length, 2);
});

test("CallRecorder keeps room for failed and slow calls, and counts what it leaves out", () => {
  const { recorder, clock, batches } = recording();
  const room = gatewayLimits.batchCalls.value;
  for (let index = 0; index < room + 7; index++) recorder.ended(ended(), SLOW_MS);
  for (let index = 0; index < 3; index++)
    recorder.ended(ended({ status: 429, code: "x" }), SLOW_MS);
  recorder.ended(ended({ status: 502 }), SLOW_MS);
  recorder.ended(ended({ durationMs: SLOW_MS }), SLOW_MS);
  clock.advance(gatewayLimits.batchIntervalMs.value);
  const [batch] = batches;
  assert.equal(batch?.omitted, 10);
  assert.equal(batch?.calls.length, room + 2);
  const counted = batch?.aggregates.reduce((sum, cell) => sum + cell.durationsSeconds.length, 0);
  assert.equal(counted, room + 12);
});

test("CallRecorder keeps the room for failures from floods of callers without a key", () => {
  const { recorder, clock, batches } = recording();
  const flood = { serviceId: null, route: null, status: 401, code: "gateway.key_missing" };
  const most = gatewayLimits.batchNotableCalls.value;
  for (let index = 0; index < most; index++) recorder.ended(ended(flood), SLOW_MS);
  recorder.ended(ended({ status: 502 }), SLOW_MS);
  clock.advance(gatewayLimits.batchIntervalMs.value);
  const told = batches[0]?.calls ?? [];
  assert.equal(told.filter(({ status }) => status === 502).length, 1);
  assert.equal(told.length, gatewayLimits.batchCalls.value + 1);
});

test("CallRecorder tells fewer things apart when there are too many of them", () => {
  const { recorder, clock, batches } = recording();
  const most = gatewayLimits.batchAggregates.value;
  for (let index = 0; index < most + 50; index++) {
    recorder.ended(ended({ agentId: `agent-${index}` }), SLOW_MS);
  }
  clock.advance(gatewayLimits.batchIntervalMs.value);
  const folded = batches[0]?.aggregates.filter((cell) => cell.agentId === null);
  assert.equal(folded?.length, 1);
  assert.equal(folded?.[0]?.durationsSeconds.length, 50);
  assert.equal(folded?.[0]?.serviceId, "users");
});
