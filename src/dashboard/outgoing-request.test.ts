import assert from "node:assert/strict";
import { test } from "node:test";

import { dashboardConfigSchema } from "./config.ts";
import { sendRequest } from "./outgoing-request.ts";
import { startReceiver } from "./test-support/receiver.ts";

const REQUEST = {
  method: "GET",
  headers: {},
  body: null,
  timeoutMs: 10_000,
  signal: new AbortController().signal,
} as const;

test("sendRequest() sends a password that is no escape as it is written", async () => {
  await using receiver = await startReceiver();
  const url = receiver.url.replace("http://", "http://ana:50%off@");
  const outcome = await sendRequest({ ...REQUEST, url });
  assert.deepEqual(outcome, { delivered: true, status: 204 });
  const { authorization } = receiver.received[0]?.headers ?? {};
  assert.equal(authorization, `Basic ${Buffer.from("ana:50%off").toString("base64")}`);
});

test("sendRequest() answers in words also when the address is none", async () => {
  const outcome = await sendRequest({ ...REQUEST, url: "no address" });
  assert.equal(outcome.delivered, false);
});

test("dashboardConfigSchema refuses a URL whose user or password cannot be unescaped", () => {
  const words = "has a % in its user or password that begins no escape; write %25 for it";
  for (const name of ["webhookUrl", "deadManUrl", "externalUrl"] as const) {
    for (const credentials of ["ana:50%off", "50%:secret", "ana:%ff"]) {
      const { error } = dashboardConfigSchema.safeParse({ [name]: `http://${credentials}@host/` });
      assert.equal(error?.issues[0]?.message, words, `${name} ${credentials}`);
    }
    for (const url of ["", "http://ana:50%25off@host/", "https://host/50%off?q=%"]) {
      assert.equal(dashboardConfigSchema.parse({ [name]: url })[name], url);
    }
  }
});
