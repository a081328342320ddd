// What the machine, the server's process and its network use now.

import { z } from "zod";

import { defineRoute, json } from "../route.ts";
import type { Route } from "../route.ts";
import {
  networkMetricsSchema,
  processMetricsSchema,
  systemMetricsSchema,
} from "../schemas/system.ts";

export function systemRoutes(): readonly Route[] {
  const schema = z.object({
    system: systemMetricsSchema,
    process: processMetricsSchema,
    network: networkMetricsSchema,
  });
  return [
    defineRoute({
      method: "GET",
      path: "/api/v1/system",
      summary: "The machine, the server's process and its network",
      tag: "Operations",
      action: "system.read",
      responses: { 200: json("As last measured", schema) },
      resource: () => ({ kind: "system", id: "*" }),
      async handler({ namespace: { profiler } }) {
        const [system, process, network] = await Promise.all([
          profiler.getSystemMetrics(),
          profiler.getProcessMetrics(),
          profiler.getNetworkMetrics(),
        ]);
        return { system, process, network };
      },
    }),
  ];
}
