// The options in force as the control plane lists them.

import type { CellphoneConfiguration } from "./configuration/index.ts";
import { SECRET_MASK } from "./server/index.ts";
import type { ConfigurationRow } from "./server/index.ts";

/** A row for each option; secrets are masked. */
export function configurationRows({
  entries,
}: CellphoneConfiguration): readonly ConfigurationRow[] {
  return entries.map((entry) => ({
    key: entry.key,
    value: entry.secret ? SECRET_MASK : entry.value,
    source: entry.source,
    unit: entry.unit,
    description: entry.description,
    default: entry.default,
  }));
}
