import assert from "node:assert/strict";
import { test } from "node:test";

import type { AlertLevel } from "./alert.ts";
import { AlertRoom } from "./alert-room.ts";

/** Takes room until there is none; how much it was. */
function fill(room: AlertRoom, level: AlertLevel, source: string | null): number {
  let taken = 0;
  while (room.hasFor({ level, source }))
    room.set(`${level}:${source}:${taken++}`, { level, source });
  return taken;
}

test("AlertRoom.hasFor() keeps half for error and critical, whoever says the rest", () => {
  const room = new AlertRoom(100);
  assert.equal(fill(room, "info", null) + fill(room, "warning", null), 50);
  assert.equal(fill(room, "error", null) + fill(room, "critical", null), 50);
  assert.equal(fill(new AlertRoom(100), "error", null), 100);
});

test("AlertRoom.hasFor() lets a source have a fifth, and a fifth of what is worse", () => {
  const room = new AlertRoom(100);
  assert.equal(fill(room, "info", "chatty"), 20);
  assert.equal(fill(room, "warning", "chatty"), 0);
  assert.equal(fill(room, "critical", "chatty"), 20);
  assert.equal(fill(room, "info", "other"), 20);
});

test("AlertRoom.set() replaces what an alert had, delete() gives it back", () => {
  const room = new AlertRoom(10);
  const user = { level: "critical", source: null } as const;
  room.set("a", user, 8);
  assert.equal(room.hasFor(user, 3), false);
  room.set("a", user, 2);
  assert.equal(room.hasFor(user, 8), true);
  room.set("b", user, 20);
  assert.equal(room.hasFor(user), false);
  room.delete("b");
  room.delete("b");
  assert.equal(room.hasFor(user, 8), true);
});
