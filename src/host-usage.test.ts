import assert from "node:assert/strict";
import { test } from "node:test";

import { HostUsageMeter } from "./host-usage.ts";

test("HostUsageMeter.read() is unknown for a second, then within 0 and 100 percent", () => {
  let nowMs = 0;
  const meter = new HostUsageMeter(() => nowMs);
  assert.equal(meter.read(), null);
  nowMs = 1500;
  const usage = meter.read();
  assert.ok(usage);
  for (const percent of [usage.cpuPercent, usage.memoryPercent]) {
    assert.ok(percent >= 0 && percent <= 100, `${percent}`);
  }
  assert.ok(usage.memoryPercent > 0);
  nowMs = 1600;
  assert.equal(meter.read(), usage, "a second reading within a second is the same one");
});
