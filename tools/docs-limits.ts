// docs/limits.md: what every queue, buffer and cache holds at most, why, and what happens then.

import type { LimitDefinition, LimitTable } from "../src/core/index.ts";
import { tableRow } from "./docs-table.ts";

/** One limit of one component. */
export interface LimitEntry {
  readonly file: string;
  readonly name: string;
  readonly definition: LimitDefinition;
}

/** True when an export of a limits.ts is a table of limits. */
export function isLimitTable(value: unknown): value is LimitTable {
  if (typeof value !== "object" || value === null) return false;
  const rows: unknown[] = Object.values(value);
  return rows.length > 0 && rows.every(isLimitDefinition);
}

function isLimitDefinition(row: unknown): row is LimitDefinition {
  return (
    typeof row === "object" &&
    row !== null &&
    ["value", "unit", "reason", "atLimit"].every((key) => key in row)
  );
}

/** The page, one table per folder of src/. */
export function limitsPage(entries: readonly LimitEntry[]): string {
  const groups = Map.groupBy(entries, ({ file }) => file.split("/").slice(1, -1).join("/"));
  const sections = [...groups].map(([group, limits]) => {
    const rows = limits.map(({ name, definition }) => {
      const { value, unit, reason, atLimit } = definition;
      return tableRow([`\`${name}\``, `${value.toLocaleString("en")} ${unit}`, reason, atLimit]);
    });
    const head = tableRow(["Limit", "Value", "Why", "When it is reached"]);
    return `## ${group}\n\n${[head, tableRow(["---", "---:", "---", "---"]), ...rows].join("\n")}`;
  });
  return [
    "# Limits",
    "<!-- Written by `npm run docs` from every limits.ts. Edit those. -->",
    "Fixed limits of this version. Limits that can be configured are in " +
      "[configuration.md](configuration.md).",
    ...sections,
  ].join("\n\n");
}
