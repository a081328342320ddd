// The route table, in the order in which the documentation shows it.

import type { OpenApiDocument } from "../openapi.ts";
import type { Route } from "../route.ts";
import type { Services } from "../services.ts";
import { agentControlRoutes } from "./agent-control.ts";
import { agentRoutes } from "./agents.ts";
import { alertRoutes } from "./alerts.ts";
import { callRoutes } from "./calls.ts";
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
import { profileUploadRoutes } from "./profile-uploads.ts";
import { profileRoutes } from "./profiles.ts";
import { serviceRoutes } from "./services.ts";
import { sessionRoutes } from "./session.ts";
import { spanRoutes } from "./spans.ts";
import { systemRoutes } from "./system.ts";
import { taskRoutes } from "./tasks.ts";
import { traceRoutes } from "./traces.ts";
import { viewRoutes } from "./views.ts";

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
    ...serviceRoutes(),
    ...callRoutes(),
    ...profileRoutes(),
    ...profileUploadRoutes(),
    ...spanRoutes(),
    ...traceRoutes(),
    ...alertRoutes(),
    ...dashboardRoutes(services),
    ...viewRoutes(),
    ...sessionRoutes(services),
    ...enrolmentRoutes(services),
    ...namespaceRoutes(services),
    ...operationRoutes(services),
    ...systemRoutes(),
    ...healthRoutes(services),
    ...pageRoutes(services, openApi),
  ];
}
