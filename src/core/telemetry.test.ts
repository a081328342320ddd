import assert from "node:assert/strict";
import { test } from "node:test";

import { ActivityKind, noTelemetry } from "./telemetry.ts";

test("noTelemetry takes everything and knows nothing", () => {
  const series = noTelemetry.series({ namespace: "default", metric: "response_time" });
  series.record(1);
  noTelemetry.activity("default", "worker-1", ActivityKind.Output);
  assert.deepEqual(noTelemetry.recent("default", "worker-1"), {});
});
