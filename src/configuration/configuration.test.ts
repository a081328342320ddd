import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";

import fc from "fast-check";
import { z } from "zod";

import { countOption, durationOption, flagOption, textOption } from "../core/index.ts";
import { mergeConfiguration } from "./configuration.ts";
import type { ConfigurationInput } from "./configuration.ts";
import { ConfigurationError } from "./errors.ts";

const schemas = {
  tracker: z.object({
    snapshotInterval: durationOption("s", 60, "Between snapshots.", { min: 1, max: 3600 }),
    maxMetricsHistory: countOption("items", 10_000, "Kept raw.", { min: 1, max: 1_000_000 }),
  }),
  communication: z.object({
    snapshotInterval: durationOption("s", 30, "Another one.", { min: 1, max: 3600 }),
    heartbeatInterval: durationOption("s", 30, "Between heartbeats.", { min: 1, max: 3600 }),
  }),
  server: z.object({
    port: countOption("port", 2355, "Where it listens.", { min: 0, max: 65_535 }),
    host: textOption("127.0.0.1", "Where it binds."),
    origins: z.array(z.string()).default([]).meta({ description: "Allowed origins." }),
    insecure: flagOption(false, "Without TLS."),
    adminSecret: textOption("", "Kept to itself."),
  }),
};

function merge(input: ConfigurationInput) {
  return mergeConfiguration(schemas, input);
}

function entry(input: ConfigurationInput, key: string) {
  return merge(input).entries.find((candidate) => candidate.key === key);
}

function fileWith(t: TestContext, text: string, name = "cellphone.yaml"): string {
  const directory = mkdtempSync(join(tmpdir(), "configuration-"));
  t.after(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, name), text);
  return join(directory, name);
}

function problemOf(input: ConfigurationInput): ConfigurationError {
  try {
    merge(input);
  } catch (error) {
    assert.ok(error instanceof ConfigurationError);
    return error;
  }
  throw new assert.AssertionError({ message: "expected a ConfigurationError" });
}

test("mergeConfiguration() gives every option its default and says so", () => {
  const configuration = merge({});
  assert.equal(configuration.values.communication.heartbeatInterval, 30);
  assert.deepEqual(configuration.values.server.origins, []);
  assert.equal(configuration.entries.length, 9);
  assert.ok(configuration.entries.every((each) => each.source === "default"));
  const interval = configuration.entries.find((each) => each.key === "tracker.snapshotInterval");
  assert.equal(interval?.unit, "s");
  assert.equal(interval?.description, "Between snapshots.");
});

test("mergeConfiguration() lets flags beat environment beat file beat default", (t) => {
  const file = fileWith(t, "communication:\n  heartbeatInterval: 10\n");
  const env = { CELLPHONE_HEARTBEAT_INTERVAL: "20s" };
  const flags = { "communication.heartbeatInterval": "40s" };
  const key = "communication.heartbeatInterval";
  const names = { flagNames: { [key]: "--heartbeat" } };

  assert.deepEqual(
    [{ file }, { file, env }, { file, env, flags, ...names }].map((input) => {
      const { value, source } = entry(input, key) ?? {};
      return [value, source];
    }),
    [
      [10, "cellphone.yaml:2:3"],
      [20, "CELLPHONE_HEARTBEAT_INTERVAL"],
      [40, "--heartbeat"],
    ],
  );
});

test("mergeConfiguration() precedence holds for any subset of sources", () => {
  fc.assert(
    fc.property(
      fc.option(fc.integer({ min: 0, max: 65_535 })),
      fc.option(fc.integer({ min: 0, max: 65_535 })),
      (flag, variable) => {
        const env = variable === null ? {} : { CELLPHONE_SERVER_PORT: String(variable) };
        const flags = flag === null ? {} : { "server.port": flag };
        const { value, sourceKind } = entry({ env, flags }, "server.port") ?? {};
        assert.equal(value, flag ?? variable ?? 2355);
        const kind = flag !== null ? "flag" : variable !== null ? "environment" : "default";
        assert.equal(sourceKind, kind);
      },
    ),
  );
});

test("mergeConfiguration() reads the reference's python names, grouped, dotted and bare", (t) => {
  const text = [
    "max_metrics_history: 50000",
    "snapshot_interval: 15",
    "communication.heartbeat_interval: 1m",
    "tracker:",
    "  snapshot_interval: 45",
  ].join("\n");
  const { values } = merge({ file: fileWith(t, text) });
  assert.equal(values.tracker.maxMetricsHistory, 50_000);
  assert.equal(values.communication.heartbeatInterval, 60);
  assert.equal(values.communication.snapshotInterval, 15, "a bare name speaks to every section");
  assert.equal(values.tracker.snapshotInterval, 45, "a section's own line beats a bare one");
});

test("mergeConfiguration() reads JSON, with tabs and lines", (t) => {
  const json = JSON.stringify({ server: { port: 0, origins: ["a", "b"] } }, null, "\t");
  const file = fileWith(t, json, "cellphone.json");
  const { values } = merge({ file });
  assert.equal(values.server.port, 0);
  assert.deepEqual(values.server.origins, ["a", "b"]);
  assert.equal(entry({ file }, "server.port")?.source, "cellphone.json:3:3");
});

test("mergeConfiguration() finds cellphone.yaml before cellphone.json and says so", (t) => {
  const file = fileWith(t, "server: { port: 1 }");
  const directory = join(file, "..");
  writeFileSync(join(directory, "cellphone.json"), '{"server":{"port":2}}');
  const configuration = merge({ directory });
  assert.equal(configuration.values.server.port, 1);
  assert.equal(configuration.file, file);
  assert.match(configuration.warnings.join(), /cellphone\.json is ignored: cellphone\.yaml/);
});

test("mergeConfiguration() tells all problems at once, each with line, key and hint", (t) => {
  const text = [
    "communication:",
    "  heartbeatIntervall: 30",
    "  heartbeatInterval: soon",
    "server:",
    "  port: 70000",
    "  insecure: perhaps",
    "tracker:",
    "  maxMetricsHistory: true",
    "  snapshotInterval:",
  ].join("\n");
  const error = problemOf({ file: fileWith(t, text), env: { CELLPHONE_HOST: "::1" } });
  assert.equal(error.code, "configuration.invalid");
  const lines = error.message.split("\n").slice(1);
  assert.deepEqual(lines, [
    "  cellphone.yaml:2:3: communication.heartbeatIntervall is no option. " +
      "Did you mean communication.heartbeatInterval?",
    '  cellphone.yaml:3:3: communication.heartbeatInterval cannot be used: "soon" is no ' +
      'duration: write a number of s or text like "60s"',
    "  cellphone.yaml:5:3: server.port must be at most 65535, not 70000",
    '  cellphone.yaml:6:3: server.insecure must be true or false, not "perhaps"',
    "  cellphone.yaml:8:3: tracker.maxMetricsHistory must be a number, not true",
    "  cellphone.yaml:9:3: tracker.snapshotInterval has no value. " +
      "Give a value or remove the line",
  ]);
});

test("mergeConfiguration() names line and column of a syntax error", (t) => {
  const error = problemOf({ file: fileWith(t, "server:\n  port: [1,\nhost: x\n") });
  assert.equal(error.code, "configuration.unreadable");
  assert.match(error.message, /^cellphone\.yaml:\d:\d+: /);
  assert.match(error.message, /\^$/);
});

test("mergeConfiguration() refuses a named file that is not there", () => {
  const error = problemOf({ file: "/nowhere/cellphone.yaml" });
  assert.equal(error.code, "configuration.unreadable");
  assert.match(error.message, /\/nowhere\/cellphone\.yaml/);
});

test("mergeConfiguration() refuses an ambiguous variable and names the clear ones", () => {
  const error = problemOf({ env: { CELLPHONE_SNAPSHOT_INTERVAL: "5" } });
  assert.match(error.message, /CELLPHONE_TRACKER_SNAPSHOT_INTERVAL or CELLPHONE_COMMUNICATION_/);
});

test("mergeConfiguration() warns of unknown variables with near matches, not of the SDKs'", () => {
  const { warnings } = merge({
    env: { CELLPHONE_HEARTBEAT_INTERVALL: "5", CELLPHONE_URL: "x", CELLPHONE_PORT: "" },
  });
  assert.deepEqual(warnings, [
    "CELLPHONE_HEARTBEAT_INTERVALL names no option and is ignored. " +
      "Did you mean CELLPHONE_HEARTBEAT_INTERVAL?",
  ]);
});

test("mergeConfiguration() reads lists and flags from text", () => {
  const { values } = merge({
    env: { CELLPHONE_SERVER_ORIGINS: "http://a, http://b", CELLPHONE_INSECURE: "yes" },
  });
  assert.deepEqual(values.server.origins, ["http://a", "http://b"]);
  assert.equal(values.server.insecure, true);
});

test("mergeConfiguration() refuses an unknown flag with a near match", () => {
  const error = problemOf({ flags: { "server.prot": 1 } });
  assert.equal(error.message, "--set server.prot is no option. Did you mean server.port?");
});

test("mergeConfiguration() marks secrets and keeps them out of problems", () => {
  assert.equal(entry({}, "server.adminSecret")?.secret, true);
  const error = problemOf({ flags: { "server.adminSecret": 42_424_242 } });
  assert.doesNotMatch(error.message, /42424242|42_424_242/);
});
