import assert from "node:assert/strict";
import { test } from "node:test";

import { OutcomeWindow } from "./outcome-window.ts";

test("OutcomeWindow.ratio() is null when nothing ended", () => {
  assert.equal(new OutcomeWindow().ratio(1_000_000), null);
});

test("OutcomeWindow.ratio() counts what failed of what ended in the last five minutes", () => {
  const window = new OutcomeWindow();
  window.add(1_000_000, true);
  window.add(1_200_000, false);
  assert.equal(window.ratio(1_200_000), 0.5);
  assert.equal(window.ratio(1_310_000), 0, "the failure is older than five minutes");
  assert.equal(window.ratio(9_000_000), null);
});
