// The route table, in the order in which the documentation shows it.

import type { OpenApiDocument } from "../openapi.ts";
import type { Route } from "../route.ts";
import type { Services } from "../services.ts";
import { agentControlRoutes } from "./agent-control.ts";
import { agentRoutes } from "./agents.ts";
import { dashboardRoutes } from "./dashboard.ts";
import { deadLetterRoutes } from "./dead-letters.ts";
import { enrolmentRoutes } from "./enrolments.ts";
import { healthRoutes } from "./health.ts";
import { inboxRoutes } from "./inbox.ts";
import { messageRoutes } from "./messages.ts";
import { metricRoutes } from "./metrics.ts";
import { namespaceRoutes } from "./namespaces.ts";
import { operationRoutes } from "./operations.ts";
import { pageRoutes } from "./pages.ts";
import { sessionRoutes } from "./session.ts";
import { taskRoutes } from "./tasks.ts";

/** Every route of the control plane. */
export function controlPlaneRoutes(
  services: Services,
  openApi: () => OpenApiDocument,
): readonly Route[] {
  return [
    ...agentRoutes(services),
    ...agentControlRoutes(),
    ...messageRoutes(),
    ...inboxRoutes(),
    ...deadLetterRoutes(),
    ...taskRoutes(),
    ...metricRoutes(services),
    ...dashboardRoutes(services),
    ...sessionRoutes(services),
    ...enrolmentRoutes(services),
    ...namespaceRoutes(services),
    ...operationRoutes(services),
    ...healthRoutes(services),
    ...pageRoutes(services, openApi),
  ];
}
