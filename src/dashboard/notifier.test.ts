import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";

import { ManualClock, nextTurn, noComponentLog, noTelemetry } from "../core/index.ts";
import type { SeriesKey } from "../core/index.ts";

import type { Alert } from "./alert.ts";
import type { AlertChange } from "./alert-book.ts";
import { dashboardConfigSchema } from "./config.ts";
import type { DashboardOptions } from "./config.ts";
import { EventNumbers, Feed } from "./feed.ts";
import { dashboardLimits } from "./limits.ts";
import { Notifier } from "./notifier.ts";
import { startReceiver } from "./test-support/receiver.ts";
import type { Receiver } from "./test-support/receiver.ts";
import { VolatileFeedStore } from "./volatile-feed-store.ts";

const START_MS = Date.UTC(2026, 10, 23, 12);

/** A clock that tells how many calls it was asked for, so that a test knows a retry is planned. */
class CountingClock extends ManualClock {
  planned = 0;

  override after(delayMs: number, callback: () => void): Disposable {
    this.planned += 1;
    return super.after(delayMs, callback);
  }

  /** Resolves once `count` calls were asked for. */
  async untilPlanned(count: number): Promise<void> {
    while (this.planned < count) await nextTurn();
  }
}

function makeNotifier(receiver: Pick<Receiver, "url">, options: DashboardOptions = {}) {
  const clock = new CountingClock(START_MS);
  const settings = dashboardConfigSchema.parse({
    webhookUrl: receiver.url,
    webhookRepeatInterval: 0,
    ...options,
  });
  const feedStore = new VolatileFeedStore();
  const feed = new Feed("default", feedStore, new EventNumbers(0), clock);
  const counts: Record<string, number> = {};
  const telemetry = {
    ...noTelemetry,
    series: ({ metric }: SeriesKey) => ({
      record: () => (counts[metric] = (counts[metric] ?? 0) + 1),
      recordBatch: () => undefined,
    }),
  };
  const log = noComponentLog;
  const told: string[] = [];
  const onDelivered = (id: string, atMs: number): void => {
    assert.equal(atMs, clock.now());
    told.push(id);
  };
  const shared = { namespace: "default", settings, feed, telemetry, clock, log };
  const notifier = new Notifier({ ...shared, onDelivered, random: () => 1 });
  const lines = async (): Promise<string[]> => {
    await feed.flush();
    return (await feedStore.events("default", {})).map(({ text }) => text);
  };
  return { clock, notifier, counts, told, lines };
}

function alertOf(id: string, changes: Partial<Alert> = {}): Alert {
  return {
    id: `alert_${id}`,
    namespace: "default",
    key: `service_failing:${id}`,
    rule: "service_failing",
    level: "error",
    message: `${id} answers 62% of calls with errors`,
    source: `service:${id}`,
    labels: { service: id },
    context: {},
    agentIds: [],
    traceId: null,
    value: 0.62,
    threshold: 0.1,
    state: "firing",
    startsAtMs: START_MS,
    updatedAtMs: START_MS,
    endsAtMs: null,
    count: 1,
    raised: 1,
    acknowledged: null,
    notifiedAtMs: null,
    ...changes,
  };
}

function raised(id: string, changes: Partial<Alert> = {}): AlertChange {
  return { kind: "raised", alert: alertOf(id, changes) };
}

function resolved(id: string, changes: Partial<Alert> = {}): AlertChange {
  const endsAtMs = START_MS + 60_000;
  return { kind: "resolved", alert: alertOf(id, { state: "resolved", endsAtMs, ...changes }) };
}

test("Notifier sends alerts of a rule together, as Alertmanager's webhook version 4", async () => {
  await using receiver = await startReceiver();
  const { clock, notifier, counts } = makeNotifier(receiver, {
    externalUrl: "https://fleet.example/",
  });
  const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  notifier.take(raised("search", { traceId: trace }));
  notifier.take(resolved("mail", { notifiedAtMs: START_MS }));
  clock.advance(5000);
  await receiver.until(1);
  const [request] = receiver.received;
  assert.equal(request?.method, "POST");
  assert.equal(request?.headers["content-type"], "application/json");
  const payload: unknown = JSON.parse(request?.body ?? "");
  assert.deepEqual(payload, {
    version: "4",
    groupKey: '{}:{alertname="service_failing", namespace="default"}',
    truncatedAlerts: 0,
    status: "firing",
    receiver: "agent-cellphone",
    groupLabels: { alertname: "service_failing", namespace: "default" },
    commonLabels: { alertname: "service_failing", severity: "error", namespace: "default" },
    commonAnnotations: { count: "1", value: "0.62", threshold: "0.1" },
    externalURL: "https://fleet.example/",
    alerts: [
      {
        status: "firing",
        labels: {
          service: "search",
          alertname: "service_failing",
          severity: "error",
          namespace: "default",
          source: "service:search",
        },
        annotations: {
          summary: "search answers 62% of calls with errors",
          alert_id: "alert_search",
          count: "1",
          value: "0.62",
          threshold: "0.1",
          trace_id: trace,
        },
        startsAt: "2026-11-23T12:00:00.000Z",
        endsAt: "0001-01-01T00:00:00Z",
        generatorURL: "https://fleet.example/alerts/alert_search",
        fingerprint: "28f0c0c15ee5459b",
      },
      {
        status: "resolved",
        labels: {
          service: "mail",
          alertname: "service_failing",
          severity: "error",
          namespace: "default",
          source: "service:mail",
        },
        annotations: {
          summary: "mail answers 62% of calls with errors",
          alert_id: "alert_mail",
          count: "1",
          value: "0.62",
          threshold: "0.1",
        },
        startsAt: "2026-11-23T12:00:00.000Z",
        endsAt: "2026-11-23T12:01:00.000Z",
        generatorURL: "https://fleet.example/alerts/alert_mail",
        fingerprint: "47072a6122df2c16",
      },
    ],
  });
  await notifier.stop();
  assert.deepEqual(counts, { notifications_sent: 1 });
});

test("Notifier sends the first of a rule at once, and what follows together after a while", async () => {
  await using receiver = await startReceiver();
  const { clock, notifier } = makeNotifier(receiver);
  notifier.take(raised("a"));
  notifier.take(raised("b"));
  clock.advance(0);
  await receiver.until(1);
  await untilIdle(clock, notifier);
  notifier.take(raised("c"));
  clock.advance(3000);
  notifier.take(raised("d"));
  clock.advance(1999);
  assert.equal(receiver.received.length, 1);
  clock.advance(1);
  await receiver.until(2);
  await notifier.stop();
  assert.deepEqual(receiver.received.map(namesIn), [
    ["alert_a", "alert_b"],
    ["alert_c", "alert_d", "alert_a", "alert_b"],
  ]);
});

test("Notifier signs what it sends as Standard Webhooks, with the secret's bytes", async () => {
  await using receiver = await startReceiver();
  const key = Buffer.from("twenty-four bytes of key");
  const webhookSecret = `whsec_${key.toString("base64")}`;
  const { clock, notifier } = makeNotifier(receiver, { webhookSecret, webhookGroupWait: 0 });
  notifier.take(raised("search"));
  clock.advance(0);
  await receiver.until(1);
  const { headers, body } = receiver.received[0] ?? assert.fail("it was received");
  const id = String(headers["webhook-id"]);
  const timestamp = String(headers["webhook-timestamp"]);
  assert.equal(timestamp, String(START_MS / 1000));
  const expected = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
  assert.equal(headers["webhook-signature"], `v1,${expected}`);
  await notifier.stop();
});

test("dashboardConfigSchema refuses a secret that receivers would read otherwise", () => {
  for (const webhookSecret of ["whsec_", "whsec_not base64", "whsec_ab!d", "whsec_a"]) {
    const { error } = dashboardConfigSchema.safeParse({ webhookSecret });
    assert.equal(error?.issues[0]?.message, "is no base64 after whsec_", webhookSecret);
  }
  for (const webhookSecret of ["", "any words", "whsec_YWJjZA==", "whsec_YWJj", "whsec_YWI"]) {
    assert.equal(dashboardConfigSchema.parse({ webhookSecret }).webhookSecret, webhookSecret);
  }
});

test("Notifier keeps to its level, but tells the end to whoever heard of the fire", async () => {
  await using receiver = await startReceiver();
  const { clock, notifier } = makeNotifier(receiver, { webhookMinimumLevel: "error" });
  notifier.take(raised("quiet", { level: "warning" }));
  notifier.take(raised("search"));
  notifier.take({ kind: "updated", alert: alertOf("search", { level: "warning" }) });
  clock.advance(5000);
  await receiver.until(1);
  await untilIdle(clock, notifier);
  notifier.take(resolved("quiet", { level: "warning" }));
  notifier.take(resolved("search", { level: "warning" }));
  clock.advance(5000);
  await receiver.until(2);
  await notifier.stop();
  assert.deepEqual(receiver.received.map(namesIn), [["alert_search"], ["alert_search"]]);
});

test("Notifier says nothing of what was over before anybody was told", async () => {
  await using receiver = await startReceiver();
  const { clock, notifier } = makeNotifier(receiver);
  notifier.take(raised("blip"));
  notifier.take(resolved("blip"));
  clock.advance(5000);
  notifier.take(raised("search"));
  clock.advance(5000);
  await receiver.until(1);
  await notifier.stop();
  assert.deepEqual(receiver.received.map(namesIn), [["alert_search"]]);
});

test("Notifier says again what still fires and nobody has taken on, at its interval", async () => {
  await using receiver = await startReceiver();
  const { clock, notifier } = makeNotifier(receiver, { webhookRepeatInterval: 600 });
  const notifiedAtMs = START_MS - 100_000;
  notifier.restore([alertOf("search", { notifiedAtMs }), alertOf("taken", { notifiedAtMs })]);
  const acknowledged = { owner: "ana", note: "", atMs: START_MS };
  notifier.take({ kind: "acknowledged", alert: alertOf("taken", { acknowledged }) });
  clock.advance(499_000);
  assert.equal(receiver.received.length, 0);
  clock.advance(66_000);
  await receiver.until(1);
  await untilIdle(clock, notifier);
  notifier.take(resolved("search"));
  clock.advance(5000);
  await receiver.until(2);
  clock.advance(3_600_000);
  await notifier.stop();
  assert.deepEqual(receiver.received.map(namesIn), [
    ["alert_search", "alert_taken"],
    ["alert_taken", "alert_search"],
  ]);
});

test("Notifier.restore() sends what fires, was never delivered and nobody has taken on", async () => {
  await using receiver = await startReceiver();
  const { clock, notifier, told } = makeNotifier(receiver);
  const acknowledged = { owner: "ana", note: "", atMs: START_MS };
  notifier.restore([
    alertOf("told", { notifiedAtMs: START_MS - 1, rule: "told" }),
    alertOf("taken", { acknowledged, rule: "taken" }),
    alertOf("small", { level: "info", rule: "small" }),
    alertOf("search"),
  ]);
  clock.advance(0);
  await receiver.until(1);
  clock.advance(3_600_000);
  await notifier.stop();
  assert.deepEqual(receiver.received.map(namesIn), [["alert_search"]]);
  assert.deepEqual(told, ["alert_search"]);
});

test("Notifier tells of a rule as it is: firing while any alert of it fires", async () => {
  await using receiver = await startReceiver();
  const { clock, notifier } = makeNotifier(receiver, { webhookGroupWait: 0 });
  notifier.take(raised("a"));
  notifier.take(raised("b"));
  clock.advance(0);
  await receiver.until(1);
  await untilIdle(clock, notifier);
  notifier.take(resolved("a"));
  clock.advance(0);
  await receiver.until(2);
  await untilIdle(clock, notifier);
  notifier.take(resolved("b"));
  clock.advance(0);
  await receiver.until(3);
  await notifier.stop();
  const told = receiver.received.map(statusesIn);
  assert.deepEqual(told, [
    ["firing", "firing", "firing"],
    ["firing", "firing", "resolved"],
    ["resolved", "resolved"],
  ]);
  assert.deepEqual(namesIn(receiver.received[1] ?? { body: "" }), ["alert_b", "alert_a"]);
});

test("Notifier tries again with growing pauses, under the same id, and counts as told only then", async () => {
  await using receiver = await startReceiver();
  const { clock, notifier, counts, told, lines } = makeNotifier(receiver, { webhookGroupWait: 0 });
  receiver.answer = (response) => response.writeHead(503).end();
  notifier.take(raised("search"));
  clock.advance(0);
  await clock.untilPlanned(2);
  clock.advance(999);
  assert.equal(receiver.received.length, 1);
  clock.advance(1);
  await clock.untilPlanned(3);
  clock.advance(1999);
  assert.equal(receiver.received.length, 2);
  assert.deepEqual(told, []);
  receiver.answer = (response) => response.writeHead(200).end();
  clock.advance(1);
  await receiver.until(3);
  await notifier.stop();
  const ids = receiver.received.map(({ headers }) => headers["webhook-id"]);
  assert.equal(new Set(ids).size, 1);
  assert.deepEqual(told, ["alert_search"]);
  assert.deepEqual(counts, { notifications_sent: 1 });
  assert.deepEqual(await lines(), [], "three seconds are no news");
});

test("Notifier says under another id what changed since the receiver failed", async () => {
  await using receiver = await startReceiver();
  const { clock, notifier } = makeNotifier(receiver, { webhookGroupWait: 0 });
  receiver.answer = (response) => response.writeHead(500).end();
  notifier.take(raised("search"));
  clock.advance(0);
  await clock.untilPlanned(2);
  notifier.take(raised("mail"));
  receiver.answer = (response) => response.writeHead(200).end();
  clock.advance(1000);
  await receiver.until(2);
  await notifier.stop();
  const [first, second] = receiver.received;
  assert.notEqual(first?.headers["webhook-id"], second?.headers["webhook-id"]);
  assert.deepEqual(receiver.received.map(namesIn), [
    ["alert_search"],
    ["alert_search", "alert_mail"],
  ]);
});

test("Notifier holds up no other rule for a body that the receiver fails over", async () => {
  await using receiver = await startReceiver();
  const { clock, notifier, told } = makeNotifier(receiver, { webhookGroupWait: 0 });
  receiver.answer = (response, { body }) =>
    response.writeHead(body.includes("alert_poison") ? 500 : 204).end();
  notifier.take(raised("poison", { rule: "poisoned" }));
  clock.advance(0);
  await clock.untilPlanned(2);
  for (const id of ["a", "b", "c"]) notifier.take(raised(id, { rule: id }));
  clock.advance(0);
  await receiver.until(4);
  while (told.length < 3) await nextTurn();
  assert.deepEqual(told.sort(), ["alert_a", "alert_b", "alert_c"]);
  assert.equal(notifier.waiting, 1);
  await notifier.stop();
});

test("Notifier leaves a receiver alone that cannot be reached, and asks with one at a time", async () => {
  const receiver = await startReceiver();
  await receiver[Symbol.asyncDispose]();
  const { clock, notifier } = makeNotifier(receiver, { webhookGroupWait: 0 });
  notifier.take(raised("first"));
  clock.advance(0);
  await clock.untilPlanned(2); // its turn, the end of the pause
  for (const id of ["a", "b", "c"]) notifier.take(raised(id, { rule: id }));
  clock.advance(0);
  assert.equal(clock.planned, 5);
  clock.advance(1000);
  await clock.untilPlanned(6); // the end of the next pause, after a single attempt
  clock.advance(1999);
  for (let turn = 0; turn < 100; turn++) await nextTurn();
  assert.equal(clock.planned, 6);
  await notifier.stop();
  assert.equal(notifier.waiting, 4);
});

test("Notifier pauses for all rules when the receiver asks for rest", async () => {
  await using receiver = await startReceiver();
  const { clock, notifier, told } = makeNotifier(receiver, { webhookGroupWait: 0 });
  receiver.answer = (response) => response.writeHead(503, { "retry-after": "30" }).end();
  notifier.take(raised("search"));
  clock.advance(0);
  await clock.untilPlanned(2);
  notifier.take(raised("mail", { rule: "other" }));
  receiver.answer = (response) => response.writeHead(200).end();
  clock.advance(29_999);
  assert.equal(receiver.received.length, 1);
  clock.advance(1);
  while (told.length < 2) await nextTurn();
  assert.deepEqual(receiver.received.map(namesIn), [
    ["alert_search"],
    ["alert_search"],
    ["alert_mail"],
  ]);
  await notifier.stop();
});

test("Notifier waits as long as the receiver asks", async () => {
  await using receiver = await startReceiver();
  const { clock, notifier } = makeNotifier(receiver, { webhookGroupWait: 0 });
  receiver.answer = (response) => response.writeHead(429, { "retry-after": "30" }).end();
  notifier.take(raised("search"));
  clock.advance(0);
  await clock.untilPlanned(2);
  receiver.answer = (response) => response.writeHead(200).end();
  clock.advance(29_999);
  assert.equal(receiver.received.length, 1);
  clock.advance(1);
  await receiver.until(2);
  await notifier.stop();
});

test("Notifier follows no redirect, and tells later what was refused and still fires", async () => {
  await using receiver = await startReceiver();
  const { clock, notifier, counts, told, lines } = makeNotifier(receiver, { webhookGroupWait: 0 });
  receiver.answer = (response) =>
    response.writeHead(307, { location: `${receiver.url}/elsewhere` }).end();
  notifier.take(raised("search"));
  clock.advance(0);
  await clock.untilPlanned(2);
  receiver.answer = (response) => response.writeHead(404).end();
  notifier.take(raised("mail"));
  clock.advance(0); // news is not held back for what was refused
  await receiver.until(2);
  while (counts["notifications_failed"] !== 2) await nextTurn();
  assert.deepEqual(told, []);
  await clock.untilPlanned(4);
  receiver.answer = (response) => response.writeHead(204).end();
  clock.advance(600_000);
  await receiver.until(3);
  await notifier.stop();
  assert.deepEqual(told, ["alert_search", "alert_mail"]);
  assert.ok(receiver.received.every(({ path }) => path === "/hook"));
  assert.deepEqual(counts, { notifications_failed: 2, notifications_sent: 1 });
  const [refused = "", again = ""] = await lines();
  assert.equal(
    refused,
    "A notification about service_failing was given up: it answers 307 and points elsewhere; " +
      "redirects are not followed.",
  );
  assert.match(again, /^Notifications about service_failing are delivered again, after \d+ min\.$/);
});

test("Notifier gives a notification up that is too old, and tells what fires in another", async () => {
  await using receiver = await startReceiver();
  const { clock, notifier, counts, told } = makeNotifier(receiver, { webhookGroupWait: 0 });
  receiver.answer = (response) => response.writeHead(500).end();
  notifier.take(raised("search"));
  clock.advance(0);
  await clock.untilPlanned(2);
  clock.advance(dashboardLimits.notificationAgeMs.value);
  await clock.untilPlanned(3);
  assert.deepEqual(counts, { notifications_failed: 1 });
  receiver.answer = (response) => response.writeHead(204).end();
  clock.advance(300_000);
  await receiver.until(3);
  await notifier.stop();
  assert.deepEqual(told, ["alert_search"]);
  const ids = receiver.received.map(({ headers }) => headers["webhook-id"]);
  assert.equal(ids[0], ids[1]);
  assert.notEqual(ids[1], ids[2]);
});

test("Notifier says in the feed when nothing is delivered for long, and when it is again", async () => {
  await using receiver = await startReceiver();
  const { clock, notifier, lines } = makeNotifier(receiver, { webhookGroupWait: 0 });
  receiver.answer = (response) => response.writeHead(500).end();
  notifier.take(raised("search"));
  clock.advance(0);
  const silenceMs = dashboardLimits.notificationSilenceMs.value;
  for (let planned = 2, waitedMs = 0; waitedMs < silenceMs; planned++) {
    await clock.untilPlanned(planned);
    const pauseMs = Math.min(300_000, 1000 * 2 ** (planned - 2));
    waitedMs += pauseMs;
    clock.advance(pauseMs);
    await receiver.until(planned);
  }
  while ((await lines()).length === 0) await nextTurn();
  receiver.answer = (response) => response.writeHead(200).end();
  clock.advance(300_000);
  while ((await lines()).length === 1) await nextTurn();
  const [failed, again] = await lines();
  assert.match(
    failed ?? "",
    /^No notification about service_failing was delivered for \d+ min: it answers 500\.$/,
  );
  assert.match(
    again ?? "",
    /^Notifications about service_failing are delivered again, after \d+ min\.$/,
  );
  await notifier.stop();
});

test("Notifier says nothing of rules beyond its limit, and counts them", async () => {
  await using receiver = await startReceiver();
  const { notifier, counts } = makeNotifier(receiver);
  const most = dashboardLimits.notificationsWaiting.value;
  for (let index = 0; index < most + 4; index++) {
    notifier.take(raised(`s-${index}`, { rule: `rule-${index}` }));
  }
  assert.equal(notifier.waiting, most);
  await notifier.stop();
  assert.deepEqual(counts, { notifications_failed: 4, notifications_sent: most });
});

test("Notifier.sendTest() says how the receiver answered, or why it did not", async () => {
  await using receiver = await startReceiver();
  const { notifier } = makeNotifier(receiver, { webhookTimeout: 0.2 });
  assert.deepEqual(await notifier.sendTest(), {
    delivered: true,
    detail: "the receiver answered 204",
  });
  assert.match(receiver.received[0]?.body ?? "", /"alertname":"test"/);
  receiver.answer = () => undefined; // hangs
  assert.deepEqual(await notifier.sendTest(), {
    delivered: false,
    detail: "no answer within 0.2 s",
  });
  await receiver[Symbol.asyncDispose]();
  const { delivered, detail } = await notifier.sendTest();
  assert.equal(delivered, false);
  assert.match(detail, /ECONNREFUSED/);
  await notifier.stop();
});

test("Notifier sends a URL's user and password as a header, and no secret in its words", async () => {
  await using receiver = await startReceiver();
  const url = receiver.url.replace("http://", "http://ana:s%40fe@");
  const { notifier } = makeNotifier({ url });
  assert.equal((await notifier.sendTest()).delivered, true);
  const { authorization } = receiver.received[0]?.headers ?? {};
  assert.equal(authorization, `Basic ${Buffer.from("ana:s@fe").toString("base64")}`);
  await notifier.stop();
});

test("Notifier.stop() sends what still waits for company", async () => {
  await using receiver = await startReceiver();
  const { notifier } = makeNotifier(receiver);
  notifier.take(raised("search"));
  await notifier.stop();
  assert.deepEqual(receiver.received.map(namesIn), [["alert_search"]]);
});

test("Notifier counts the alerts that one notification has no room for, and tells them next", async () => {
  await using receiver = await startReceiver();
  const { notifier, told } = makeNotifier(receiver);
  for (let index = 0; index < 130; index++) notifier.take(raised(`s-${index}`));
  await notifier.stop();
  assert.equal(receiver.received.length, 2);
  for (const { body } of receiver.received)
    assert.equal(at(JSON.parse(body), "truncatedAlerts"), 30);
  assert.equal(new Set(told).size, 130);
});

test("Notifier keeps a notification under its size, and tells the others next", async () => {
  await using receiver = await startReceiver();
  const { notifier, told } = makeNotifier(receiver);
  const most = dashboardLimits.notificationBytes.value;
  for (let index = 0; index < 5; index++) {
    const message = String(index).repeat(most / 3);
    notifier.take(raised(`s-${index}`, { message }));
  }
  await notifier.stop();
  assert.ok(receiver.received.every(({ body }) => body.length < most + 1000));
  assert.equal(new Set(told).size, 5);
});

test("Notifier links to the page of the alert's own namespace", async () => {
  await using receiver = await startReceiver();
  const { notifier } = makeNotifier(receiver, { externalUrl: "https://fleet.example/" });
  notifier.take(raised("search", { namespace: "blue team" }));
  await notifier.stop();
  assert.match(
    receiver.received[0]?.body ?? "",
    /"generatorURL":"https:\/\/fleet\.example\/alerts\/alert_search\?ns=blue%20team"/,
  );
});

/** Resolves once nothing waits to be sent and nothing is under way. */
async function untilIdle(clock: ManualClock, notifier: Notifier): Promise<void> {
  while (notifier.waiting > 0) await nextTurn();
  clock.advance(0);
}

function at(body: unknown, field: string): unknown {
  return typeof body === "object" && body !== null ? Reflect.get(body, field) : undefined;
}

/** The status of the whole, then of each alert. */
function statusesIn({ body }: { readonly body: string }): string[] {
  const payload: unknown = JSON.parse(body);
  const alerts = at(payload, "alerts");
  assert.ok(Array.isArray(alerts));
  return [at(payload, "status"), ...alerts.map((alert) => at(alert, "status"))].map(String);
}

/** Ids of the alerts a request tells of. */
function namesIn({ body }: { readonly body: string }): string[] {
  return [...body.matchAll(/"alert_id":"([^"]+)"/g)]
    .map(([, id]) => id ?? "")
    .filter((id, index, all) => all.indexOf(id) === index);
}
