import assert from "node:assert/strict";
import { test } from "node:test";

import { ManualClock, nextTurn, noComponentLog, noTelemetry } from "../core/index.ts";
import type { JsonValue, SeriesKey } from "../core/index.ts";

import type { Alert } from "./alert.ts";
import { AlertDesk } from "./alert-desk.ts";
import { dashboardConfigSchema } from "./config.ts";
import type { DashboardOptions } from "./config.ts";
import { EventNumbers, Feed } from "./feed.ts";
import { findingOf } from "./test-support/finding.ts";
import { VolatileAlertStore } from "./volatile-alert-store.ts";
import { VolatileFeedStore } from "./volatile-feed-store.ts";

const HOUR_MS = 3_600_000;

/** A store on a disk that can be full. */
class LimitedAlertStore extends VolatileAlertStore {
  full = false;
  writes = 0;

  override async putAlerts(namespace: string, alerts: readonly Alert[]): Promise<void> {
    if (this.full) throw new Error("the disk is full");
    this.writes += 1;
    await super.putAlerts(namespace, alerts);
  }
}

function makeDesk(options: DashboardOptions = {}, store = new LimitedAlertStore()) {
  const clock = new ManualClock();
  const settings = dashboardConfigSchema.parse(options);
  const feedStore = new VolatileFeedStore();
  const feed = new Feed("default", feedStore, new EventNumbers(0), clock);
  const recorded: SeriesKey[] = [];
  const telemetry = {
    ...noTelemetry,
    series: (key: SeriesKey) => ({
      record: () => recorded.push(key),
      recordBatch: () => undefined,
    }),
  };
  const log = noComponentLog;
  const desk = new AlertDesk({
    namespace: "default",
    settings,
    store,
    feed,
    telemetry,
    clock,
    log,
  });
  const lines = async (): Promise<string[]> => {
    await feed.flush();
    return (await feedStore.events("default", {})).map(({ kind, text }) => `${kind}: ${text}`);
  };
  return { clock, desk, store, recorded, lines };
}

test("AlertDesk tells the feed of causes and of alerts in their own kinds, once", async () => {
  const { clock, desk, lines } = makeDesk();
  desk.observe([
    findingOf("stuck:worker", { rule: "agent_stuck", message: "w-1 is stuck" }),
    findingOf("host_cpu:host", { message: "This machine's CPU is at 93%" }),
  ]);
  const alert = desk.add({ level: "error", message: "disk is full", source: "cron" });
  desk.add({ level: "error", message: "disk is full", source: "cron" });
  await desk.acknowledge(alert.id, { owner: "ana", note: "cleaning up" });
  clock.advance(90_000);
  desk.observe([]);
  assert.deepEqual(await lines(), [
    "cause: w-1 is stuck",
    "alert: This machine's CPU is at 93%",
    "alert: disk is full",
    "alert_acknowledged: ana takes on: disk is full (cleaning up)",
    "cause_resolved: w-1 is stuck: over after 1 min",
    "alert_resolved: This machine's CPU is at 93%: over after 1 min",
  ]);
});

test("AlertDesk measures each raise under its level and rule", () => {
  const { desk, recorded } = makeDesk();
  desk.observe([findingOf("host_cpu:host", { level: "critical" })]);
  desk.add({ level: "info", message: "deployed", source: "ci" });
  desk.add({ level: "info", message: "deployed", source: "ci" });
  assert.deepEqual(
    recorded.map(({ metric, labels }) => [metric, labels]),
    [
      ["alerts_raised", { level: "critical", rule: "host_cpu" }],
      ["alerts_raised", { level: "info", rule: "manual" }],
    ],
  );
});

test("AlertDesk.find() shows changes that the store has not taken yet", async () => {
  const { desk, store } = makeDesk();
  const alert = desk.add({ level: "error", message: "disk is full", source: "cron" });
  await desk.find({});
  store.full = true;
  await assert.rejects(desk.acknowledge(alert.id, { owner: "ana", note: "" }), {
    code: "dashboard.alert_not_stored",
    retryable: true,
  });
  const other = desk.add({ level: "info", message: "deployed", source: "ci" });
  const found = await desk.find({});
  assert.deepEqual(new Set(found.map(({ id }) => id)), new Set([other.id, alert.id]));
  assert.equal((await desk.get(alert.id))?.acknowledged?.owner, "ana");
  assert.deepEqual(await desk.find({ acknowledged: false, level: "error" }), []);
});

test("AlertDesk writes what a full disk refused once it takes again, the last state only", async () => {
  const { clock, desk, store } = makeDesk();
  store.full = true;
  const alert = desk.add({ level: "error", message: "disk is full", source: "cron" });
  for (let index = 0; index < 50; index++) {
    desk.add({ level: "error", message: "disk is full", source: "cron" });
  }
  await desk.find({});
  store.full = false;
  clock.advance(5000);
  await desk.find({});
  assert.equal((await store.alert("default", alert.id))?.count, 51);
  assert.equal(store.writes, 1);
});

test("AlertDesk goes on after a restart with what fired, acknowledgement included", async () => {
  const { desk, store } = makeDesk();
  desk.observe([findingOf("host_cpu:host")]);
  const id = desk.book.byKey("host_cpu:host")?.id ?? "";
  await desk.acknowledge(id, { owner: "ana", note: "" });
  await desk.stop();

  const next = makeDesk({}, store);
  await next.desk.load();
  next.desk.observe([findingOf("host_cpu:host")]);
  assert.equal(next.desk.book.byKey("host_cpu:host")?.id, id);
  assert.equal(next.desk.book.get(id)?.acknowledged?.owner, "ana");
  assert.deepEqual(await next.lines(), []);
});

test("AlertDesk answers for a change once it is stored, and not before", async () => {
  const writes: (() => void)[] = [];
  class SlowAlertStore extends LimitedAlertStore {
    override async putAlerts(...batch: Parameters<LimitedAlertStore["putAlerts"]>): Promise<void> {
      await new Promise<void>((resolve) => writes.push(resolve));
      await super.putAlerts(...batch);
    }
  }
  const { desk, store } = makeDesk({}, new SlowAlertStore());
  const answers: string[] = [];
  const answered = async (act: string, change: Promise<Alert>): Promise<Alert> => {
    const alert = await change;
    const stored = await store.alert("default", alert.id);
    answers.push(`${act} ${String(stored?.state)} ${stored?.acknowledged?.owner ?? "nobody"}`);
    return alert;
  };
  const settle = async (): Promise<void> => {
    await nextTurn();
    assert.equal(writes.length, 1);
    writes.pop()?.();
    await nextTurn();
  };
  const raised = answered("raise", desk.raise({ level: "error", message: "full", source: "cron" }));
  await nextTurn();
  assert.deepEqual(answers, []);
  await settle();
  const { id } = await raised;
  const taken = answered("acknowledge", desk.acknowledge(id, { owner: "ana", note: "" }));
  const ended = answered("resolve", desk.resolve(id, ""));
  await settle();
  await Promise.all([taken, ended]);
  const wanted = ["raise firing nobody", "acknowledge resolved ana", "resolve resolved ana"];
  assert.deepEqual(new Set(answers), new Set(wanted));
});

test("AlertDesk.load() brings all back that was answered for, after a crash in a flood", async () => {
  const options = { maxFiringAlerts: 10 };
  const { clock, desk, store } = makeDesk(options);
  for (let index = 0; index < 35; index++) {
    clock.advance(1);
    await desk.raise({ level: "info", message: `word ${index % 30}`, source: `s-${index % 30}` });
  }
  const saidAtMs = clock.now();
  const next = makeDesk(options, store); // the first was never stopped
  await next.desk.load();
  const all = [...next.desk.book.firing(), ...next.desk.book.queued()];
  const said = all.filter(({ rule }) => rule === "manual");
  assert.equal(new Set(said.map(({ message }) => message)).size, 30);
  assert.equal(
    said.reduce((sum, { count }) => sum + count, 0),
    35,
  );
  assert.equal(next.desk.book.folded, 25);
  assert.equal((await next.desk.find({ state: "queued" })).length, 25);
  const first = said.find(({ message }) => message === "word 29");
  assert.equal(first?.startsAtMs, saidAtMs - 5);
});

test("AlertDesk refuses changes after it was stopped, to be tried again", async () => {
  const { desk, store } = makeDesk();
  const { id } = desk.add({ level: "error", message: "full", source: "cron" });
  await desk.stop();
  const stopped = { code: "dashboard.stopped", retryable: true };
  assert.throws(() => desk.add({ level: "error", message: "other", source: "cron" }), stopped);
  await assert.rejects(desk.acknowledge(id, { owner: "ana", note: "" }), stopped);
  await assert.rejects(desk.unacknowledge(id), stopped);
  await assert.rejects(desk.resolve(id, ""), stopped);
  assert.equal((await store.alert("default", id))?.acknowledged, null);
  await desk.load();
  await desk.acknowledge(id, { owner: "ana", note: "" });
});

test("AlertDesk.load() takes up more firing alerts than one page holds", async () => {
  const options = { maxFiringAlerts: 3000 };
  const { clock, desk, store } = makeDesk(options);
  for (let index = 0; index < 2500; index++) {
    if (index % 1500 === 0) clock.advance(1);
    desk.add({ level: "error", message: `word ${index}`, source: `s-${index % 9}` });
  }
  await desk.stop();
  const next = makeDesk(options, store);
  await next.desk.load();
  assert.equal(next.desk.book.firingCount, 2500);
});

test("AlertDesk prunes at load and every hour, by age and number, never what fires", async () => {
  const { clock, desk, store } = makeDesk({ alertRetentionDays: 1, maxAlertHistory: 2 });
  const firing = desk.add({ level: "info", message: "stays", source: "test" });
  for (const message of ["a", "b", "c"]) {
    clock.advance(1);
    await desk.resolve(desk.add({ level: "info", message, source: "test" }).id, "");
  }
  await desk.find({});
  await desk.load();
  const left = async (): Promise<string[]> =>
    (await store.alerts("default", {})).map(({ message }) => message);
  assert.deepEqual(await left(), ["stays", "c", "b"]);
  clock.advance(25 * HOUR_MS);
  assert.deepEqual(await left(), ["stays"]);
  assert.equal((await store.alert("default", firing.id))?.state, "firing");
  await desk.stop();
});

test("AlertDesk refuses what it cannot do in words that say why", async () => {
  const { desk } = makeDesk();
  const { id } = desk.add({ level: "info", message: "deployed", source: "ci" });
  await desk.resolve(id, "done");
  await assert.rejects(desk.acknowledge(id, { owner: "ana", note: "" }), {
    code: "dashboard.alert_resolved",
    message: `Alert "${id}" (deployed) is resolved`,
  });
  await assert.rejects(desk.resolve("alert_none", ""), { code: "dashboard.alert_unknown" });
  const invalid = { code: "dashboard.alert_invalid" };
  await assert.rejects(desk.acknowledge(id, { owner: " ", note: "" }), invalid);
  const words = { message: "w", source: "s" };
  // Programs without types say such things.
  const wrong: Parameters<typeof desk.add>[0] = JSON.parse(
    `{"message":"w","source":"s","level":"fatal"}`,
  );
  assert.throws(() => desk.add(wrong), invalid);
  assert.throws(() => desk.add({ ...words, level: "info", message: "" }), invalid);
  assert.throws(() => desk.add({ ...words, level: "info", message: "x".repeat(2001) }), invalid);
  const circle: Record<string, JsonValue> = {};
  circle["self"] = circle;
  assert.throws(() => desk.add({ ...words, level: "info", context: circle }), invalid);
  const context = { text: "x".repeat(20_000) };
  assert.throws(() => desk.add({ ...words, level: "info", context }), invalid);
});
