import assert from "node:assert/strict";
import { test } from "node:test";

import type { SeriesKey, Telemetry } from "../core/index.ts";
import { CallMetrics } from "./call-metrics.ts";
import type { CallAggregate } from "./data-plane.ts";

/** Telemetry that remembers what it is told, by series in words. */
class Notebook implements Telemetry {
  readonly values = new Map<string, number[]>();
  readonly activities: string[] = [];
  opened = 0;

  series(key: SeriesKey) {
    this.opened += 1;
    const labels = Object.entries(key.labels ?? {}).map(([name, value]) => `${name}=${value}`);
    const name = [key.namespace, key.metric, key.agentId ?? "-", ...labels].join(" ");
    const values = this.values.get(name) ?? [];
    this.values.set(name, values);
    return {
      record: (value: number) => void values.push(value),
      recordBatch: (batch: Float64Array) => void values.push(...batch),
    };
  }

  recent() {
    return {};
  }

  activity(namespace: string, agentId: string, kind: string): void {
    this.activities.push(`${namespace} ${agentId} ${kind}`);
  }
}

function aggregate(fields: Partial<CallAggregate> = {}): CallAggregate {
  return {
    namespace: "default",
    agentId: "worker-1",
    serviceId: "users",
    route: "/v1/users/**",
    outcome: "2xx",
    durationsSeconds: Float64Array.of(0.1, 0.2),
    upstreamSeconds: Float64Array.of(0.05),
    requestBytes: 10,
    responseBytes: 20,
    ...fields,
  };
}

test("CallMetrics.took() writes two families: agent by service, and service by route", () => {
  const notebook = new Notebook();
  new CallMetrics("default", notebook).took(aggregate());
  const labels = "service=users route=/v1/users/** outcome=2xx";
  assert.deepEqual(Object.fromEntries(notebook.values), {
    [`default gateway_service_duration - ${labels}`]: [0.1, 0.2],
    [`default gateway_requests - ${labels}`]: [2],
    [`default gateway_upstream_duration - ${labels}`]: [0.05],
    [`default gateway_request_bytes - ${labels}`]: [10],
    [`default gateway_response_bytes - ${labels}`]: [20],
    "default gateway_request_duration worker-1 service=users outcome=2xx": [0.1, 0.2],
  });
  assert.deepEqual(notebook.activities, ["default worker-1 output"]);
});

test("CallMetrics.took() counts refused calls, and calls of nobody to nothing", () => {
  const notebook = new Notebook();
  const metrics = new CallMetrics("default", notebook);
  const nothing = { upstreamSeconds: new Float64Array(), requestBytes: 0, responseBytes: 0 };
  metrics.took(aggregate({ outcome: "429", agentId: null, ...nothing }));
  metrics.took(
    aggregate({ outcome: "4xx", agentId: null, serviceId: null, route: null, ...nothing }),
  );
  metrics.took(aggregate({ durationsSeconds: new Float64Array(), ...nothing }));
  assert.deepEqual(
    [...notebook.values.keys()],
    [
      "default gateway_service_duration - service=users route=/v1/users/** outcome=429",
      "default gateway_requests - service=users route=/v1/users/** outcome=429",
      "default gateway_rate_limited - service=users route=/v1/users/**",
      "default gateway_service_duration - service=none route=none outcome=4xx",
      "default gateway_requests - service=none route=none outcome=4xx",
    ],
  );
  assert.deepEqual(notebook.activities, []);
});

test("CallMetrics opens a series once, and holds only so many open", () => {
  const notebook = new Notebook();
  const metrics = new CallMetrics("default", notebook);
  for (let index = 0; index < 100; index++) metrics.took(aggregate());
  assert.equal(notebook.opened, 6);
  for (let index = 0; index < 30_000; index++) metrics.available(`service-${index}`, true);
  metrics.took(aggregate());
  assert.equal(notebook.opened, 6 + 30_000 + 6);
});

test("CallMetrics.available() writes 1 or 0", () => {
  const notebook = new Notebook();
  const metrics = new CallMetrics("default", notebook);
  metrics.available("users", true);
  metrics.available("users", false);
  assert.deepEqual(notebook.values.get("default service_availability - service=users"), [1, 0]);
});
