import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { json } from "node:stream/consumers";
import { test } from "node:test";
import type { TestContext } from "node:test";

import { BatchSender } from "./batch-sender.ts";
import { MetricSender } from "./metric-sender.ts";
import { Transport } from "./transport.ts";
import type { JsonObject } from "./wire.ts";

/** A control plane that takes whatever is recorded. */
async function controlPlane(t: TestContext) {
  const taken: unknown[] = [];
  const server = createServer((request, response) => {
    const take = async (): Promise<void> => {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the client's own body
      const body = (await json(request)) as Record<string, unknown[]>;
      taken.push(...Object.values(body).flat());
      response.end('{"rejected":[]}');
    };
    take().catch(() => response.destroy());
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => server.close());
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const said: string[] = [];
  const say = (message: string): void => void said.push(message);
  const sending = {
    transport: new Transport({ baseUrl: `http://127.0.0.1:${address.port}`, retryForMs: 0 }),
    log: { debug: say, info: say, warn: say, error: say },
    agentId: () => "a",
  };
  return { sending, taken, said };
}

test("BatchSender.close() drops only what is no JSON, and says so once for each name", async (t) => {
  const { sending, taken, said } = await controlPlane(t);
  const sender = new BatchSender<{ readonly name: string; readonly value: unknown }>({
    ...sending,
    path: "/things",
    noun: "things",
    nameOf: ({ name }) => `Thing "${name}"`,
  });
  for (let value = 1; value <= 600; value++) {
    sender.add({ name: value % 100 === 0 ? "bad" : "good", value: value % 100 ? value : 10n });
  }
  await sender.close();
  assert.equal(taken.length, 594);
  assert.deepEqual(taken.at(-1), { agentId: "a", name: "good", value: 599 });
  assert.deepEqual(sender.counts, { waiting: 0, shed: 6 });
  const told = said.filter((line) => line.includes("BigInt"));
  assert.equal(told.length, 1);
  assert.match(told[0] ?? "", /^Thing "bad" /);
});

test("MetricSender.record() keeps what context and metadata are at the call", async (t) => {
  const { sending, taken } = await controlPlane(t);
  const metrics = new MetricSender(sending);
  const context: Record<string, string> = { op: "a" };
  const metadata: Record<string, string> = { run: "1" };
  metrics.record("m", 1, context, metadata);
  context["op"] = "b";
  metadata["run"] = "2";
  metrics.record("m", 2, context, metadata);
  await metrics.close();
  const kept = taken.map((sample) => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as recorded above
    const { context: labels, metadata: rest } = sample as Record<string, JsonObject>;
    return [labels, rest];
  });
  assert.deepEqual(kept, [
    [{ op: "a" }, { run: "1" }],
    [{ op: "b" }, { run: "2" }],
  ]);
});
