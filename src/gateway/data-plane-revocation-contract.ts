// The part of the data plane's contract about calls under way whose right to go on ends: a key that
// is revoked or expires, a namespace that is purged. Called by dataPlaneContract().

import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import type { IncomingMessage } from "node:http";
import { after, before, describe, test } from "node:test";

import {
  PlaneBench,
  Upstreams,
  keyOf,
  secretOf,
  servicePlan,
} from "./data-plane-bench-contract.ts";
import type { OpenPlane } from "./data-plane-bench-contract.ts";

/** Without it, a stream that goes on would hold a test up for minutes. */
const SOON = { timeout: 10_000 };

/** Registers this part of the contract. */
export function revocationPlaneContract(name: string, open: OpenPlane): void {
  describe(`DataPlane contract, revocation: ${name}`, () => {
    const upstreams = new Upstreams();
    let bench: PlaneBench;
    let endless: string;
    before(async () => {
      bench = await PlaneBench.open(await open({}));
      endless = await upstreams.http((_, response) => response.write("begun"));
    });
    after(async () => {
      upstreams.close();
      await bench.close();
    });

    /** An answer that has begun and does not end by itself. */
    async function streamOf(who: string, path: string): Promise<IncomingMessage> {
      const headers = { authorization: `Bearer ${secretOf(who)}` };
      const outgoing = request({ port: bench.port, path, headers, agent: false });
      outgoing.end();
      const [stream]: IncomingMessage[] = await once(outgoing, "response");
      assert.ok(stream !== undefined);
      return stream;
    }

    test("breaks off calls whose key is revoked, and no others", SOON, async () => {
      const cara = keyOf("cara");
      await bench.plane.applyIdentities([cara]);
      await bench.serve(servicePlan("revocable", endless));
      const hers = await streamOf("cara", "/v1/revocable/");
      const other = await streamOf("alice", "/v1/revocable/");
      const broken = once(hers, "error");
      hers.resume();
      other.on("error", () => undefined);
      // Said again in between, it is still the same key.
      await bench.plane.applyIdentities([cara]);
      await bench.plane.applyIdentities([{ secretHash: cara.secretHash, identity: null }]);
      await broken;
      assert.equal(hers.complete, false);
      assert.equal(await bench.plane.cut("default", "alice"), 1);
    });

    test("breaks off calls whose key expires, also when that is told late", SOON, async () => {
      const dora = keyOf("dora");
      await bench.plane.applyIdentities([dora]);
      await bench.serve(servicePlan("expiring", endless));
      const hers = await streamOf("dora", "/v1/expiring/");
      const other = await streamOf("alice", "/v1/expiring/");
      const broken = once(hers, "error");
      hers.resume();
      other.on("error", () => undefined);
      const nowMs = Date.now();
      // Prolonged before it is over, it goes on.
      await bench.plane.applyIdentities([keyOf("dora", { expiresAtMs: nowMs + 60_000 })]);
      await bench.plane.applyIdentities([keyOf("dora", { expiresAtMs: nowMs + 1 })]);
      await broken;
      const id = hers.headers["x-cellphone-call-id"];
      const record = await bench.recordOf((call) => call.id === id);
      assert.equal(record.code, "gateway.cut");
      assert.equal(record.reason, "The key it was called with has expired");
      assert.equal(await bench.plane.cut("default", "alice"), 1);
    });

    test("remove() breaks off the namespace's calls", SOON, async () => {
      const services = [servicePlan("passing", endless)];
      const plan = { namespace: "gone", revision: 1, services, held: {}, slowCallMs: 1000 };
      await bench.plane.apply({ ...plan, anonymous: false });
      await bench.plane.applyIdentities([keyOf("gina", { namespace: "gone" })]);
      const stream = await streamOf("gina", "/v1/passing/");
      const broken = once(stream, "error");
      stream.resume();
      await bench.plane.remove("gone");
      await broken;
      assert.equal(stream.complete, false);
    });
  });
}
