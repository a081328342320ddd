import assert from "node:assert/strict";
import { test } from "node:test";

import { IdGenerator, ManualClock } from "../core/index.ts";

import type { Alert } from "./alert.ts";
import { AlertBook } from "./alert-book.ts";
import type { AlertChange } from "./alert-book.ts";
import { dashboardLimits } from "./limits.ts";
import { manualFinding } from "./manual-alert.ts";
import { findingOf } from "./test-support/finding.ts";

const MINUTE_MS = 60_000;
const MANUAL_TIMEOUT_MS = 10 * MINUTE_MS;

function makeBook(maxFiring = 100) {
  const clock = new ManualClock();
  const changes: AlertChange[] = [];
  const book = new AlertBook({
    namespace: "default",
    clock,
    ids: new IdGenerator(clock),
    maxFiring,
    manualTimeoutMs: MANUAL_TIMEOUT_MS,
    onChange: (change) => changes.push(change),
  });
  const say = (
    message: string,
    changes: Partial<Parameters<typeof manualFinding>[0]> = {},
  ): Alert =>
    book.add(
      manualFinding({ level: "warning", message, source: "cron", ...changes }, MANUAL_TIMEOUT_MS),
    );
  const kinds = (): string[] => changes.map((change) => change.kind);
  const firing = (): string[] => [...book.firing()].map((alert) => alert.key);
  return { clock, changes, book, say, kinds, firing };
}

test("AlertBook.observe() raises a finding once it has held for its time", () => {
  const { clock, book, kinds } = makeBook();
  const finding = findingOf("a", { forMs: 30_000 });
  book.observe([finding]);
  clock.advance(29_999);
  book.observe([finding]);
  assert.deepEqual(kinds(), []);
  assert.equal(book.pendingOf("a"), 1);
  clock.advance(1);
  book.observe([finding]);
  assert.deepEqual(kinds(), ["raised"]);
  assert.equal(book.byKey("a")?.startsAtMs, clock.now());
  assert.equal(book.pendingOf("a"), 0);
});

test("AlertBook.observe() starts to count anew when a finding was gone before it fired", () => {
  const { clock, book, kinds } = makeBook();
  const finding = findingOf("a", { forMs: 30_000 });
  book.observe([finding]);
  clock.advance(20_000);
  book.observe([]);
  book.observe([finding]);
  clock.advance(20_000);
  book.observe([finding]);
  assert.deepEqual(kinds(), []);
});

test("AlertBook.observe() resolves once a finding was gone for its time, and counts returns", () => {
  const { clock, book, kinds, changes } = makeBook();
  const finding = findingOf("a", { keepFiringForMs: 60_000 });
  book.observe([finding]);
  book.observe([]);
  clock.advance(59_999);
  book.observe([]);
  book.observe([finding]);
  assert.deepEqual(kinds(), ["raised", "repeated"]);
  assert.equal(book.byKey("a")?.count, 2);
  book.observe([]);
  clock.advance(60_000);
  book.observe([]);
  const resolved = changes.at(-1)?.alert;
  assert.equal(resolved?.state, "resolved");
  assert.equal(resolved?.endsAtMs, clock.now());
  assert.equal(book.firingCount, 0);
});

test("AlertBook.observe() raises again when it is worse, and ends the acknowledgement", () => {
  const { clock, book, kinds } = makeBook();
  const warning = findingOf("a", { forMs: 10_000 });
  book.observe([warning]);
  clock.advance(10_000);
  book.observe([warning]);
  const id = book.byKey("a")?.id ?? "";
  book.acknowledge(id, { owner: "ana", note: "on it" });
  const critical = { ...warning, level: "critical" } as const;
  book.observe([critical]);
  assert.equal(book.get(id)?.level, "warning", "worse must hold as long as the first time");
  clock.advance(10_000);
  book.observe([critical]);
  const alert = book.get(id);
  assert.deepEqual([alert?.level, alert?.raised, alert?.acknowledged], ["critical", 2, null]);
  assert.deepEqual(kinds(), ["raised", "acknowledged", "raised_again"]);
});

test("AlertBook.observe() lowers the level quietly, and leaves the acknowledgement", () => {
  const { clock, book, kinds } = makeBook();
  const critical = findingOf("a", { level: "critical", keepFiringForMs: 60_000 });
  book.observe([critical]);
  const id = book.byKey("a")?.id ?? "";
  book.acknowledge(id, { owner: "ana", note: "" });
  const warning = { ...critical, level: "warning" } as const;
  book.observe([warning]);
  assert.equal(book.get(id)?.level, "critical");
  clock.advance(60_000);
  book.observe([warning]);
  const alert = book.get(id);
  assert.deepEqual([alert?.level, alert?.raised], ["warning", 1]);
  assert.equal(alert?.acknowledged?.owner, "ana");
  assert.deepEqual(kinds(), ["raised", "acknowledged", "updated"]);
});

test("AlertBook.observe() raises again when twice as many agents are concerned", () => {
  const { book, kinds } = makeBook();
  const agents = ["a", "b", "c", "d", "e"];
  const about = (count: number) => findingOf("stuck:worker", { agentIds: agents.slice(0, count) });
  book.observe([about(2)]);
  const id = book.byKey("stuck:worker")?.id ?? "";
  book.acknowledge(id, { owner: "ana", note: "" });
  book.observe([about(3)]);
  assert.equal(book.get(id)?.acknowledged?.owner, "ana");
  assert.deepEqual(book.get(id)?.agentIds, ["a", "b", "c"]);
  book.observe([about(4)]);
  assert.equal(book.get(id)?.acknowledged, null);
  assert.deepEqual(kinds(), ["raised", "acknowledged", "updated", "raised_again"]);
});

test("AlertBook.observe() renews words and values every ten seconds, not at every refresh", () => {
  const { clock, book, kinds } = makeBook();
  book.observe([findingOf("a", { message: "14 min", value: 14 })]);
  for (let second = 0; second < 9; second++) {
    clock.advance(1000);
    book.observe([findingOf("a", { message: `14 min ${second} s`, value: 14 + second })]);
  }
  assert.deepEqual(kinds(), ["raised"]);
  clock.advance(1000);
  book.observe([findingOf("a", { message: "15 min", value: 15 })]);
  assert.deepEqual(kinds(), ["raised", "updated"]);
  assert.equal(book.byKey("a")?.message, "15 min");
});

test("AlertBook keeps what flaps firing longer each time, so that it is few alerts", () => {
  const { clock, book, kinds } = makeBook();
  const finding = findingOf("a");
  for (let second = 0; second < 900; second++) {
    book.observe(second % 10 < 5 ? [finding] : []);
    clock.advance(1000);
  }
  const raised = kinds().filter((kind) => kind === "raised").length;
  assert.ok(raised <= 3, `raised ${raised} times in 90 flaps`);
  const alert = book.byKey("a");
  assert.ok((alert?.count ?? 0) > 80, `counted ${alert?.count}`);
});

test("AlertBook resolves a first alert at once, and forgets flapping after a quiet quarter hour", () => {
  const { clock, book, firing } = makeBook();
  const flap = (): void => {
    book.observe([findingOf("a")]);
    book.observe([]);
  };
  flap();
  assert.deepEqual(firing(), []);
  flap();
  assert.deepEqual(firing(), ["a"], "the second within the window is kept a while");
  clock.advance(30_000);
  book.observe([]);
  assert.deepEqual(firing(), []);
  clock.advance(dashboardLimits.alertFlapWindowMs.value + 1);
  flap();
  assert.deepEqual(firing(), []);
});

test("AlertBook.add() counts the same words from the same source at the same level", () => {
  const { book, say, kinds } = makeBook();
  const first = say("disk is full", { context: { free: 10 } });
  const again = say("disk is full", { context: { free: 0 }, traceId: "t".repeat(32) });
  assert.equal(again.id, first.id);
  assert.deepEqual([again.count, again.context], [2, { free: 0 }]);
  assert.equal(again.traceId, "t".repeat(32));
  assert.notEqual(say("disk is full", { source: "other" }).id, first.id);
  assert.notEqual(say("disk is full", { level: "critical" }).id, first.id);
  assert.equal(book.firingCount, 3);
  assert.deepEqual(kinds(), ["raised", "repeated", "raised", "raised"]);
});

test("AlertBook resolves what was said by hand when it is not said again in time", () => {
  const { clock, book, say, firing } = makeBook();
  const { id } = say("disk is full");
  clock.advance(MANUAL_TIMEOUT_MS - 1);
  book.observe([]);
  say("disk is full");
  clock.advance(MANUAL_TIMEOUT_MS - 1);
  book.observe([]);
  assert.equal(book.get(id)?.count, 2);
  clock.advance(1);
  book.observe([]);
  assert.deepEqual(firing(), []);
  assert.notEqual(say("disk is full").id, id);
});

test("AlertBook.resolve() keeps a cause that still holds quiet, unless it is worse", () => {
  const { clock, book, firing } = makeBook();
  const finding = findingOf("a");
  book.observe([finding]);
  const resolved = book.resolve(book.byKey("a")?.id ?? "", "restarted it");
  assert.equal(resolved?.state, "resolved");
  assert.equal(resolved?.context["resolution"], "restarted it");
  clock.advance(dashboardLimits.alertQuietMs.value - 1);
  book.observe([finding]);
  assert.deepEqual(firing(), []);
  book.observe([{ ...finding, level: "error" }]);
  assert.deepEqual(firing(), ["a"]);
});

test("AlertBook.resolve() lets the same cause raise again when the quiet time is over", () => {
  const { clock, book, firing } = makeBook();
  book.observe([findingOf("a")]);
  book.resolve(book.byKey("a")?.id ?? "", "");
  clock.advance(dashboardLimits.alertQuietMs.value);
  book.observe([findingOf("a")]);
  assert.deepEqual(firing(), ["a"]);
});

test("AlertBook.resolve() lets a cause that was gone raise again at once", () => {
  const { book, firing } = makeBook();
  book.observe([findingOf("a")]);
  book.resolve(book.byKey("a")?.id ?? "", "");
  book.observe([findingOf("a")]);
  assert.deepEqual(firing(), []);
  book.observe([]);
  book.observe([findingOf("a")]);
  assert.deepEqual(firing(), ["a"]);
});

test("AlertBook leaves what is resolved alone", () => {
  const { book, say } = makeBook();
  const { id } = say("disk is full");
  assert.notEqual(book.resolve(id, ""), undefined);
  assert.equal(book.resolve(id, ""), undefined);
  assert.equal(book.acknowledge(id, { owner: "ana", note: "" }), undefined);
  assert.equal(book.unacknowledge(id), undefined);
  assert.equal(book.acknowledge("alert_none", { owner: "ana", note: "" }), undefined);
});

test("AlertBook.add() folds a flood into one alert, and loses none of it", () => {
  const { clock, book, say, firing } = makeBook(10);
  for (let index = 0; index < 322; index++) say(`disk ${index} is full`);
  const flood = book.byKey("alert_flood");
  assert.equal(book.firingCount, 11);
  assert.equal(flood?.message, "alert flood: 312 more alerts");
  assert.equal(flood?.value, 312);
  assert.equal(say("disk 320 is full").id, flood?.id, "said again, it is the flood's");
  for (let round = 0; round < 40; round++) {
    clock.advance(MANUAL_TIMEOUT_MS);
    book.observe([]);
  }
  assert.deepEqual(firing(), []);
  assert.equal(book.folded, 0);
});

test("AlertBook lets those that wait in a flood fire worst first, with their count", () => {
  const { clock, book, say, changes } = makeBook(1);
  say("first");
  say("waits");
  say("worse", { level: "critical" });
  say("worse", { level: "critical" });
  assert.equal(book.byKey("alert_flood")?.level, "critical");
  clock.advance(MANUAL_TIMEOUT_MS);
  book.observe([]);
  const raised = changes.filter((change) => change.kind === "raised").at(-1)?.alert;
  assert.deepEqual([raised?.message, raised?.count], ["worse", 2]);
  assert.equal(book.byKey("alert_flood")?.message, "alert flood: 1 more alert");
});

test("AlertBook keeps room for rules while a program floods it, and for alerts while rules do", () => {
  const { book, say } = makeBook(10);
  for (let index = 0; index < 50; index++) say(`noise ${index}`);
  const findings = Array.from({ length: 15 }, (_, index) => findingOf(`r:${index}`));
  const worst = findingOf("r:worst", { level: "critical" });
  book.observe([...findings, worst]);
  assert.notEqual(book.byKey("r:worst"), undefined);
  assert.equal(book.firingCount, 10 + 10 + 1);
  assert.equal(book.folded, 40 + 6);
  book.observe([worst]);
  assert.equal(book.folded, 40);
});

test("AlertBook counts what even the waiting room has no place for", () => {
  const { book, say } = makeBook(10);
  const most = dashboardLimits.alertsWaiting.value;
  for (let index = 0; index < most + 17; index++) say(`noise ${index}`);
  assert.equal(book.folded, most + 7);
  assert.equal(book.byKey("alert_flood")?.context["uncounted"], 7);
  assert.equal(book.byKey("alert_flood")?.value, most + 7);
});

test("AlertBook.restore() goes on with what fired, and keeps the acknowledgement", () => {
  const before = makeBook();
  before.book.observe([findingOf("a"), findingOf("b")]);
  before.say("disk is full");
  const ids = [...before.book.firing()].map((alert) => alert.id);
  before.book.acknowledge(ids[0] ?? "", { owner: "ana", note: "on it" });

  const { clock, book, kinds, firing, say } = makeBook();
  book.restore([...before.book.firing()]);
  book.observe([]);
  clock.advance(dashboardLimits.alertRestoreGraceMs.value - 1);
  book.observe([findingOf("a")]);
  assert.deepEqual(kinds(), [], "nothing is news");
  assert.equal(book.byKey("a")?.acknowledged?.owner, "ana");
  assert.equal(say("disk is full").id, ids[2]);
  clock.advance(1);
  book.observe([findingOf("a")]);
  assert.deepEqual(new Set(firing()), new Set(["a", before.book.get(ids[2] ?? "")?.key]));
});

test("AlertBook.restore() resolves the older of two that fire under one key", () => {
  const before = makeBook();
  before.book.observe([findingOf("a")]);
  const old = before.book.byKey("a");
  assert.ok(old);
  const { book, changes } = makeBook();
  book.observe([findingOf("a")]);
  const current = book.byKey("a")?.id;
  book.restore([old]);
  assert.equal(book.byKey("a")?.id, current);
  assert.deepEqual([changes.at(-1)?.kind, changes.at(-1)?.alert.id], ["resolved", old.id]);
});

test("AlertBook.observe() takes a trace over as soon as there is one", () => {
  const { clock, book } = makeBook();
  const finding = findingOf("a", { traceId: null });
  book.observe([finding]);
  assert.equal(book.byKey("a")?.traceId, null);
  clock.advance(1);
  book.observe([{ ...finding, traceId: "a".repeat(32) }]);
  assert.equal(book.byKey("a")?.traceId, "a".repeat(32));
  book.observe([{ ...finding, agentIds: ["w-1"] }]);
  assert.equal(book.byKey("a")?.traceId, "a".repeat(32), "the last one known stays");
});

test("AlertBook.noteNotified() holds until the alert gets worse, and changes nothing it says", () => {
  const { clock, book, kinds } = makeBook();
  book.observe([findingOf("a")]);
  const alert = book.byKey("a") ?? assert.fail();
  clock.advance(5000);
  book.noteNotified(alert.id, clock.now());
  assert.deepEqual(book.byKey("a"), { ...alert, notifiedAtMs: clock.now() });
  book.noteNotified("alert_gone", clock.now());
  assert.deepEqual(kinds(), ["raised", "notified"]);
  book.observe([findingOf("a", { level: "critical" })]);
  assert.equal(book.byKey("a")?.notifiedAtMs, null);
});
