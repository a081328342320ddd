import assert from "node:assert/strict";
import { test } from "node:test";

import { send, Upstreams } from "./data-plane-bench-contract.ts";
import type { DataPlane, NamespacePlan } from "./data-plane.ts";
import { InProcessDataPlane } from "./in-process-data-plane.ts";
import { openGateway } from "./test-support/gateway-fixture.ts";

/** A plane that several gateways use one after the other, whose plans take some turns to arrive. */
class DistantPlane extends InProcessDataPlane implements DataPlane {
  override async apply(plan: NamespacePlan): Promise<void> {
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    await super.apply(plan);
  }
}

test("GatewayRuntime.stop() leaves nothing behind on a shared plane, however busy it was", async (t) => {
  const upstreams = new Upstreams();
  t.after(() => upstreams.close());
  const url = await upstreams.http(({ url: path }, response) => response.end(path));
  const plane = new DistantPlane();
  t.after(() => plane.close(0));
  const { port } = await plane.listen();
  const first = openGateway(t, { anonymous: true }, { plane });
  for (const id of ["a", "b", "c"]) await first.registerService({ id, baseUrl: url });
  assert.equal((await send(port, "/v1/a/", {})).status, 200);
  // One plan is on its way and one waits for it while the gateway stops.
  const late = [first.holdAgent("x", "paused"), first.holdAgent("y", "paused")];
  await new Promise((resolve) => setImmediate(resolve));
  await first.stop();
  await Promise.all(late);
  assert.equal((await send(port, "/v1/a/", {})).status, 401);

  const second = openGateway(t, { anonymous: true }, { plane });
  await second.registerService({ id: "fresh", baseUrl: url });
  assert.equal((await send(port, "/v1/fresh/", {})).status, 200);
  // The only service of its version takes whatever nobody claims.
  assert.equal((await send(port, "/v1/a/", {})).body, "/a/");
});
