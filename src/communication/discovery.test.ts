import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { noTelemetry } from "../core/index.ts";
import type { RecentStatistics } from "../core/index.ts";
import { AgentCommunicationProtocol } from "./agent-communication-protocol.ts";
import { communicationLimits } from "./limits.ts";

const FLEET = communicationLimits.bestKept.value + 50;

test("Discovery.matching() keeps the best of a large fleet in the order that sorting gives", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ cpu: fc.integer({ min: 0, max: 3 }), mail: fc.nat(2) }), {
        minLength: FLEET,
        maxLength: FLEET,
      }),
      fc.integer({ min: 0, max: 20 }),
      async (agents, limit) => {
        const cpu = new Map(agents.map((agent, index) => [`w${index}`, agent.cpu]));
        const recent = (_: string, agentId: string): Record<string, RecentStatistics> => {
          const latest = cpu.get(agentId) ?? 0;
          return { cpu_usage: { count: 1, min: latest, max: latest, avg: latest, latest } };
        };
        const telemetry = { ...noTelemetry, recent };
        await using comm = new AgentCommunicationProtocol({}, { telemetry });
        for (const [index, { mail }] of agents.entries()) {
          const agentId = `w${index}`;
          await comm.registerAgent({ agentId, capabilities: ["sort"] });
          for (let count = 0; count < mail; count++) {
            await comm.send({ senderId: "boss", recipientId: agentId, type: "x", payload: 1 });
          }
        }
        const ids = async (wanted: { limit?: number }): Promise<string[]> =>
          (await comm.findAgents({ capability: "sort", ...wanted })).map(({ id }) => id);
        const all = await ids({});
        assert.equal(all.length, FLEET);
        assert.deepEqual(await ids({ limit }), all.slice(0, limit));
      },
    ),
    { numRuns: 5 },
  );
});
