import assert from "node:assert/strict";
import { test } from "node:test";

import { alertStoreContract } from "./alert-store-contract.ts";
import { compareAlerts } from "./alert-search.ts";
import { VolatileAlertStore } from "./volatile-alert-store.ts";

alertStoreContract("VolatileAlertStore", () => ({
  store: new VolatileAlertStore(),
  close: () => undefined,
}));

test("compareAlerts() settles equal instants by id, the later made first", () => {
  const alert = { state: "firing", startsAtMs: 5 } as const;
  const [a, b] = [
    { ...alert, id: "alert_a" },
    { ...alert, id: "alert_b" },
  ] as const;
  assert.ok(compareAlerts(a, b) > 0);
  assert.ok(compareAlerts(b, a) < 0);
});
