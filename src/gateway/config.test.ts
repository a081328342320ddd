import assert from "node:assert/strict";
import { test } from "node:test";

import { gatewaySettings } from "./config.ts";

test("gatewaySettings() has the reference's defaults", () => {
  const settings = gatewaySettings();
  assert.equal(settings.healthCheckIntervalMs, 60_000);
  assert.equal(settings.maxHistory, 10_000);
  assert.equal(settings.requestTimeoutMs, 30_000);
  assert.equal(settings.host, "127.0.0.1");
  assert.equal(settings.port, 2356);
  assert.equal(settings.anonymous, false);
});

test("gatewaySettings() turns durations into milliseconds and ignores other components' options", () => {
  const shared = { snapshotInterval: 30, healthCheckInterval: 45, requestTimeout: "1m30s" };
  const settings = gatewaySettings({ ...shared, callRetentionDays: "12h", slowCall: "250ms" });
  assert.equal(settings.healthCheckIntervalMs, 45_000);
  assert.equal(settings.requestTimeoutMs, 90_000);
  assert.equal(settings.callRetentionMs, 43_200_000);
  assert.equal(settings.slowCallMs, 250);
});

test("gatewaySettings() names the option that cannot be used", () => {
  assert.throws(() => gatewaySettings({ healthCheckInterval: 0 }), /healthCheckInterval/);
  assert.throws(() => gatewaySettings({ port: 70_000 }), /port/);
  assert.throws(() => gatewaySettings({ middleware: [{ module: "" }] }), /module/);
});
