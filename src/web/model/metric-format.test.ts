import assert from "node:assert/strict";
import { test } from "node:test";
import { metricFormat, metricSteps } from "./metric-format.ts";

test("metricFormat() reads known metrics in their unit", () => {
  assert.equal(metricFormat("response_time")(0.42), "420 ms");
  assert.equal(metricFormat("task_duration")(12.1), "12 s");
  assert.equal(metricFormat("memory_usage")(2 ** 20), "1 MiB");
  assert.equal(metricFormat("cost_usd")(0.0053), "$0.0053");
  assert.equal(metricFormat("cost_usd")(1.834), "$1.83");
  assert.equal(metricFormat("cost_usd")(0), "$0.00");
  assert.equal(metricFormat("cpu_usage")(31.04), "31%");
  assert.equal(metricFormat("system_memory_usage")(7.7), "7.7%");
  assert.equal(metricFormat("process_memory_bytes")(2048), "2 KiB");
  assert.equal(metricFormat("network_receive_rate")(2048), "2 KiB/s");
  assert.equal(metricFormat("service_availability")(0.5), "50%");
  assert.equal(metricFormat("oldest_message_age")(12.5), "13 s");
});

test("metricSteps() follows the unit", () => {
  assert.equal(metricSteps("response_time"), "seconds");
  assert.equal(metricSteps("memory_usage"), "bytes");
  assert.equal(metricSteps("queue_length"), "decimal");
});

test("metricFormat() leaves a user's own metric a number", () => {
  assert.equal(metricFormat("queue_length")(1204), "1,204");
  assert.equal(metricFormat("uptimes")(3), "3");
});
