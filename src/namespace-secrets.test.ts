import assert from "node:assert/strict";
import { test } from "node:test";

import { keepSecrets, maskSecrets } from "./namespace-secrets.ts";

const STORED = {
  dashboard: {
    webhookUrl: "https://ana:hush@hooks.example/T0/B0",
    webhookSecret: "hush",
    deadManUrl: "",
    webhookTimeout: 3,
  },
  communication: { heartbeatInterval: 2 },
};

test("maskSecrets() shows that a secret is set, and everything else", () => {
  assert.deepEqual(maskSecrets(STORED), {
    dashboard: {
      webhookUrl: "(secret)",
      webhookSecret: "(secret)",
      deadManUrl: "",
      webhookTimeout: 3,
    },
    communication: { heartbeatInterval: 2 },
  });
});

test("keepSecrets() takes the mask for what is stored, and other words as they are", () => {
  assert.deepEqual(keepSecrets(maskSecrets(STORED), STORED), STORED);
  const changed = { dashboard: { webhookSecret: "new", webhookUrl: "(secret)" } };
  assert.deepEqual(keepSecrets(changed, STORED), {
    dashboard: { webhookSecret: "new", webhookUrl: STORED.dashboard.webhookUrl },
  });
});

test("keepSecrets() refuses the mask where nothing is stored", () => {
  const masked = { dashboard: { webhookSecret: "(secret)" } };
  for (const stored of [{}, { dashboard: { webhookUrl: "http://hooks.example" } }]) {
    assert.throws(() => keepSecrets(masked, stored), {
      code: "server.input_invalid",
      message: /"dashboard\.webhookSecret" is the mask of a stored secret/,
    });
  }
});
