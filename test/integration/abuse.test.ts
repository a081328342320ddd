// What is done to a real server that nobody should do to it.

import assert from "node:assert/strict";
import { renameSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { ControlSocket } from "../support/control.ts";
import { startServer } from "../support/server.ts";

test("a ledger moved away takes no more sends, says so, and goes on once it is back", async (t) => {
  const server = await startServer(t);
  using control = new ControlSocket(server.socketPath);
  await control.call("POST", "/api/v1/agents", { agentId: "w1" });
  const send = () => control.call("POST", "/api/v1/messages", { recipientId: "w1", payload: 1 });
  assert.equal((await send()).status, 201);
  const ledger = join(server.dataFolder, "ledger.db");
  renameSync(ledger, `${ledger}.aside`);
  const refused = await send();
  assert.deepEqual([refused.status, refused.body.code], [503, "storage.file_gone"]);
  const ready = await control.call("GET", "/readyz");
  assert.equal(ready.status, 503);
  assert.equal(ready.body.checks.disk.detail, "ledger.db moved or deleted");
  renameSync(`${ledger}.aside`, ledger);
  assert.equal((await send()).status, 201);
  assert.equal((await control.call("GET", "/readyz")).status, 200);
});

test("streams opened while a namespace is reconfigured end, so that none watches the old one", async (t) => {
  const server = await startServer(t);
  using control = new ControlSocket(server.socketPath);
  await control.call("PUT", "/api/v1/namespaces/fleet", {});
  const headers = { authorization: `Bearer ${server.key}`, "x-cellphone-namespace": "fleet" };
  const reconfigured = control.call("PUT", "/api/v1/namespaces/fleet", {
    config: { communication: { heartbeatInterval: 2 } },
  });
  const watching = Array.from({ length: 20 }, () =>
    fetch(`${server.url}/api/v1/stream`, { headers }),
  );
  assert.equal((await reconfigured).status, 200);
  const streams = await Promise.all(watching);
  await control.call("POST", "/api/v1/agents?namespace=fleet", { agentId: "late" });
  // One that watched the old namespace would neither end nor hear of the agent: this would hang.
  for (const { body } of streams) {
    let told = "";
    for await (const chunk of body?.pipeThrough(new TextDecoderStream()) ?? []) {
      told += chunk;
      if (told.includes('"id":"late"')) break;
    }
  }
});
