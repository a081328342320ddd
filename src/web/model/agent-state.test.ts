import assert from "node:assert/strict";
import { test } from "node:test";
import { causeShape, shownState } from "./agent-state.ts";

function shown(paused: boolean, quarantined: boolean, state: "working" | "down", left = false) {
  return shownState({ state, paused, quarantined, left });
}

test("shownState() shows a quarantine whatever the agent does, and a pause unless it is down", () => {
  assert.equal(shown(false, false, "working"), "working");
  assert.equal(shown(true, false, "working"), "paused");
  assert.equal(shown(true, false, "down"), "down");
  assert.equal(shown(true, true, "working"), "quarantined");
  assert.equal(shown(false, true, "down"), "quarantined");
});

test("shownState() says that who ended well has left, unless somebody cut it off", () => {
  assert.equal(shown(false, false, "down", true), "left");
  assert.equal(shown(true, false, "down", true), "left");
  assert.equal(shown(false, true, "down", true), "quarantined");
});

test("causeShape() draws what fails as a cross, what is slow or stuck as a triangle", () => {
  const shapes = [
    causeShape({ kind: "service_failing", level: "error" }),
    causeShape({ kind: "service_slow", level: "warning" }),
    causeShape({ kind: "deadlock", level: "error" }),
    causeShape({ kind: "inbox_backlog", level: "warning" }),
    causeShape({ kind: "quarantined", level: "info" }),
  ];
  assert.deepEqual(shapes, ["down", "stuck", "stuck", "stuck", "quarantined"]);
});
