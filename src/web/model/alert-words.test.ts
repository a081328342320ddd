import assert from "node:assert/strict";
import { test } from "node:test";
import {
  lifeCycle,
  matchesFilter,
  orderAlerts,
  overlayAlerts,
  parseAlertFilter,
  seenWords,
  sourcePlace,
  thresholdWords,
} from "./alert-words.ts";
import { alertOf as alert } from "./test-support/records.ts";
import type { Alert } from "./wire.ts";

const FIRING = { state: "firing", level: null, text: "", open: false } as const;

const taken = { owner: "mira", note: "restarting it", atMs: 3000 };

test("orderAlerts() puts what fires first, the worst first, what nobody has before the rest", () => {
  const alerts = [
    alert("over", { state: "resolved", level: "critical", endsAtMs: 9000 }),
    alert("over-later", { state: "resolved", endsAtMs: 9500 }),
    alert("taken", { level: "error", acknowledged: taken }),
    alert("old", { level: "error" }),
    alert("new", { level: "error", startsAtMs: 2000 }),
    alert("worst", { level: "critical" }),
  ];
  assert.deepEqual(
    orderAlerts(alerts).map(({ id }) => id),
    ["worst", "new", "old", "taken", "over-later", "over"],
  );
});

test("overlayAlerts() takes the stream's newer version and leaves out what no longer matches", () => {
  const listed = [alert("a"), alert("b"), alert("c", { updatedAtMs: 5000 })];
  const live = new Map([
    ["a", alert("a", { state: "resolved", endsAtMs: 4000, updatedAtMs: 4000 })],
    ["c", alert("c", { message: "an older version" })],
    ["d", alert("d", { level: "error" })],
  ]);
  const shown = overlayAlerts(listed, live, FIRING);
  assert.deepEqual(
    shown.map(({ id, message }) => [id, message]),
    [
      ["d", "d answers slowly"],
      ["b", "b answers slowly"],
      ["c", "c answers slowly"],
    ],
  );
});

test("matchesFilter() asks for state, level, text and whether somebody has it", () => {
  const one = alert("search", { level: "error", acknowledged: taken });
  assert.ok(matchesFilter(one, { ...FIRING, level: "error", text: " SLOWLY " }));
  assert.ok(!matchesFilter(one, { ...FIRING, level: "warning" }));
  assert.ok(!matchesFilter(one, { ...FIRING, text: "elsewhere" }));
  assert.ok(!matchesFilter(one, { ...FIRING, open: true }));
  assert.ok(!matchesFilter(one, { ...FIRING, state: "resolved" }));
});

test("parseAlertFilter() reads the address and shows what fires otherwise", () => {
  assert.deepEqual(parseAlertFilter(new URLSearchParams("state=x&level=bad")), FIRING);
  assert.deepEqual(parseAlertFilter(new URLSearchParams("state=any&level=error&text=a&open=1")), {
    state: "any",
    level: "error",
    text: "a",
    open: true,
  });
});

function kinds(one: Alert): readonly string[] {
  return lifeCycle(one).map(({ kind }) => kind);
}

test("lifeCycle() tells an alert's life in order, each station once", () => {
  assert.deepEqual(kinds(alert("a")), ["raised"]);
  assert.deepEqual(kinds(alert("a", { count: 4, updatedAtMs: 8000 })), ["raised", "seen"]);
  const whole = lifeCycle(
    alert("a", { raised: 3, acknowledged: taken, state: "resolved", endsAtMs: 61_000, count: 9 }),
  );
  assert.deepEqual(
    whole.map(({ words, note }) => `${words} · ${note}`),
    [
      "Raised · service_failing",
      "Raised again 2 times · because it got worse, or others are concerned",
      "Acknowledged by mira · restarting it",
      "Resolved · after 1 min",
    ],
  );
});

test("seenWords() speaks up from the second time on", () => {
  assert.equal(seenWords({ count: 1 }), "");
  assert.equal(seenWords({ count: 14 }), "seen 14 times");
});

test("sourcePlace() links agents and services, whatever their ids", () => {
  assert.deepEqual(sourcePlace("agent:w:1"), { text: "w:1", path: "/agents/w%3A1" });
  assert.deepEqual(sourcePlace("service:search"), { text: "search", path: "/services/search" });
  assert.deepEqual(sourcePlace("system_monitor"), { text: "system_monitor" });
  assert.deepEqual(sourcePlace("host:cpu"), { text: "host:cpu" });
});

test("thresholdWords() speaks the rule's unit", () => {
  const words = [
    thresholdWords(0.62, "ratio"),
    thresholdWords(80, "percent"),
    thresholdWords(120, "s"),
    thresholdWords(1000, "items"),
    thresholdWords(3, null),
  ];
  assert.deepEqual(words, ["62%", "80%", "2 min", "1,000", "3"]);
});
