// Key figures in their units.

import { formatBytes, formatSeconds, formatValue } from "./format.ts";
import type { Kpi } from "./wire.ts";

/** Groups of key figures, in the order in which they are read. */
export const KPI_GROUPS: readonly { readonly id: Kpi["group"]; readonly title: string }[] = [
  { id: "health", title: "Health" },
  { id: "response", title: "Response" },
  { id: "communication", title: "Communication" },
  { id: "api", title: "Gateway" },
  { id: "resources", title: "Resources" },
];

/** A value in a key figure's unit: "87", "1.2 s", "99.2%", "38 MiB", "12/min". */
export function kpiValue(value: number | null, unit: string): string {
  if (value === null) return "not measured";
  if (unit === "s") return formatSeconds(value);
  if (unit === "%") return `${formatValue(value)}%`;
  if (unit === "bytes") return formatBytes(value);
  if (unit === "bytes/s") return `${formatBytes(value)}/s`;
  if (unit === "1/min") return `${formatValue(value)}/min`;
  return formatValue(value);
}
