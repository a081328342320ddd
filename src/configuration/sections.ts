// Which component's options stand under which key. A new component adds one line here.

import { communicationConfigSchema } from "../communication/index.ts";
import { dashboardConfigSchema } from "../dashboard/index.ts";
import { gatewayConfigSchema } from "../gateway/index.ts";
import { profilerConfigSchema } from "../profiler/index.ts";
import { securityConfigSchema } from "../security/index.ts";
import { serverConfigSchema } from "../server/index.ts";
import { storageConfigSchema } from "../storage/index.ts";
import { trackerConfigSchema } from "../tracker/index.ts";
import type { SectionSchemas } from "./option-catalog.ts";

/** The options of every component, by the key that groups them. */
export const configurationSections = {
  server: serverConfigSchema,
  storage: storageConfigSchema,
  communication: communicationConfigSchema,
  gateway: gatewayConfigSchema,
  tracker: trackerConfigSchema,
  profiler: profilerConfigSchema,
  dashboard: dashboardConfigSchema,
  security: securityConfigSchema,
} as const satisfies SectionSchemas;
