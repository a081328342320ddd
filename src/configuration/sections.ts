// Which component's options stand under which key. A new component adds one line here.

import { dashboardConfigSchema } from "../dashboard/index.ts";
import type { SectionSchemas } from "./option-catalog.ts";

/** The options of every component, by the key that groups them. */
export const configurationSections = {
  dashboard: dashboardConfigSchema,
} as const satisfies SectionSchemas;
