// What becomes of mail whose handler's result cannot be sent.

import assert from "node:assert/strict";
import { test } from "node:test";

import { CellphoneClientError } from "../../src/client/index.ts";
import { agent, enrolmentUrl } from "../support/fleet.ts";
import { startServer } from "../support/server.ts";

test("a handler's result that is no JSON makes a dead letter at once, and the asker hears of it", async (t) => {
  const server = await startServer(t);
  const url = await enrolmentUrl(server);
  const asker = await agent(t, url, "asker");
  const worker = await agent(t, url, "worker");
  let runs = 0;
  worker.on("direct", () => {
    runs += 1;
    return { count: 10n };
  });
  const asked = asker.request("worker", "direct", null, { timeout: "30s" });
  await assert.rejects(asked, (error) => {
    assert.ok(error instanceof CellphoneClientError);
    assert.equal(error.code, "client.request_failed");
    return /the outcome was refused: .*BigInt/.test(error.message);
  });
  assert.equal(runs, 1);
});
