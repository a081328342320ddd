import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import type { Alert } from "./alert.ts";
import { newAlert } from "./alert-content.ts";
import { NotificationGroup } from "./notification-group.ts";
import { findingOf } from "./test-support/finding.ts";

let made = 0;

function alertOf(key: string, changes: Partial<Alert> = {}): Alert {
  const origin = { id: `alert_${made++}`, namespace: "default", atMs: 0, count: 1 };
  return { ...newAlert(findingOf(key), origin), ...changes };
}

function over(alert: Alert): Alert {
  return { ...alert, state: "resolved", endsAtMs: 1 };
}

function keysOf(group: NotificationGroup): string[] {
  return group.alerts().map(({ key, state }) => `${key} ${state}`);
}

test("NotificationGroup.alerts() gives news first, then what ended, then the worst", () => {
  const group = new NotificationGroup();
  const gone = alertOf("gone");
  const calm = alertOf("calm");
  const bad = alertOf("bad", { level: "critical" });
  for (const alert of [gone, calm, bad]) group.raise(alert);
  group.trying(group.alerts());
  assert.deepEqual(group.delivered(group.alerts(), 0), [bad.id, gone.id, calm.id]);
  group.raise(alertOf("new", { level: "info" }));
  group.resolve(over(gone));
  assert.deepEqual(keysOf(group), ["new firing", "gone resolved", "bad firing", "calm firing"]);
});

test("NotificationGroup.delivered() leaves news what got worse while the notification went out", () => {
  const group = new NotificationGroup();
  const alert = alertOf("a");
  group.raise(alert);
  const sent = group.alerts();
  group.trying(sent);
  group.raise({ ...alert, raised: 2, level: "critical" });
  assert.deepEqual(group.delivered(sent, 0), []);
  assert.equal(group.isDue, true);
});

test("NotificationGroup.isDue leaves alone what somebody has taken on", () => {
  const group = new NotificationGroup();
  const alert = alertOf("a");
  group.raise(alert);
  group.update({ ...alert, acknowledged: { owner: "ana", note: "", atMs: 0 } });
  assert.equal(group.isDue, false);
  group.update(alert);
  assert.equal(group.isDue, true);
});

test("NotificationGroup leaves a receiver with exactly what fires, whatever got lost on the way", () => {
  const step = fc.tuple(
    fc.constantFrom("raise", "worse", "resolve", "lost", "heard", "deliver"),
    fc.constantFrom("a", "b", "c", "d", "e", "f"),
  );
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 60 }),
      fc.integer({ min: 1, max: 4 }),
      (steps, room) => {
        const group = new NotificationGroup();
        const firing = new Map<string, Alert>();
        const receiver = new Set<string>();
        const hear = (alerts: readonly Alert[]): void => {
          assert.equal(
            new Set(alerts.map(({ key }) => key)).size,
            alerts.length,
            "a key is told once",
          );
          for (const { key, state } of alerts) {
            if (state === "firing") receiver.add(key);
            else receiver.delete(key);
          }
        };
        const send = (how: "lost" | "heard" | "deliver"): void => {
          if (!group.isDue) return;
          const alerts = group.alerts().slice(0, room);
          group.trying(alerts);
          if (how !== "lost") hear(alerts);
          if (how !== "deliver") return;
          for (const id of group.delivered(alerts, 0)) {
            const told = [...firing.values()].find((alert) => alert.id === id);
            if (told !== undefined) firing.set(told.key, { ...told, notifiedAtMs: 1 });
          }
        };
        for (const [what, key] of steps) {
          const alert = firing.get(key);
          if (what === "lost" || what === "heard" || what === "deliver") send(what);
          else if (what === "raise" && alert === undefined) {
            firing.set(key, alertOf(key));
            group.raise(firing.get(key) ?? assert.fail());
          } else if (what === "worse" && alert !== undefined) {
            const worse = { ...alert, raised: alert.raised + 1, notifiedAtMs: null };
            firing.set(key, worse);
            group.raise(worse);
          } else if (what === "resolve" && alert !== undefined) {
            firing.delete(key);
            group.resolve(over(alert));
          }
        }
        for (let turn = 0; group.isDue; turn++) {
          assert.ok(turn < 100, "it comes to an end");
          send("deliver");
        }
        assert.deepEqual([...receiver].sort(), [...firing.keys()].sort());
      },
    ),
  );
});
