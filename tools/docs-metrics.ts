// docs/metrics.md: the key figures, and every metric that is recorded without anybody's doing.

import { kpiTable } from "../src/kpis.ts";
import { ownMetrics } from "../src/own-metrics.ts";
import { tableRow } from "./docs-table.ts";

/** The page. */
export function metricsPage(): string {
  const figures = [
    tableRow(["Key figure", "Unit", "Metric", "For each", "How it is worked out"]),
    tableRow(["---", "---", "---", "---", "---"]),
    ...kpiTable.map(({ id, unit, metric, per, meaning }) =>
      tableRow([`\`${id}\``, unit, `\`${metric}\``, per ?? "", meaning]),
    ),
  ];
  const metrics = [
    tableRow(["Metric", "Unit", "About", "Labels", "What one value says"]),
    tableRow(["---", "---", "---", "---", "---"]),
    ...ownMetrics.map(({ metric, unit, about, labels, meaning }) =>
      tableRow([`\`${metric}\``, unit, about, labels.join(", "), meaning]),
    ),
  ];
  return [
    "# Metrics",
    "<!-- Written by `npm run docs` from src/kpis.ts and src/own-metrics.ts. Edit those. -->",
    "## Key figures",
    "`cellphone kpis` and `GET /api/v1/kpis` give them over any range; the History page draws them.",
    figures.join("\n"),
    "## Recorded by themselves",
    "Whatever the components do becomes a metric, without anybody's doing. Agents record their own " +
      "beside them: `cost_usd` (dollars of one piece of work) feeds the costs on the pages.",
    metrics.join("\n"),
  ].join("\n\n");
}
