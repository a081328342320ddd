// A service's calls by how they ended, and how long they took.

import { LineChart } from "../../charts/line-chart.tsx";
import { useSeries } from "../../charts/use-series.ts";
import { linesByLabel, lineOf, rates, zeroGaps } from "../../model/chart-data.ts";
import type { ChartLine } from "../../model/chart-data.ts";
import { formatSeconds, formatValue } from "../../model/format.ts";
import { useServerStart } from "../../state/use-server-start.ts";

/** Calls per minute, one line per outcome (2xx, 429 of the gateway, upstream_429, 5xx). */
export function OutcomeChart({ serviceId }: { readonly serviceId: string }) {
  const series = useSeries([
    {
      metric: "gateway_service_duration",
      aggregation: "count",
      label: `service:${serviceId}`,
      groupBy: "label:outcome",
    },
  ]);
  const startedAtMs = useServerStart();
  const { range, askedAtMs } = series;
  const lines = linesByLabel(series.answers?.[0] ?? [], "outcome", range);
  // Once the server counts, no call of an outcome means none.
  const perMinute = (values: ChartLine["values"]): ChartLine["values"] =>
    rates(zeroGaps(values, range, startedAtMs ?? askedAtMs, askedAtMs), range, askedAtMs, 60_000);
  return (
    <LineChart
      title="Calls"
      unit="per minute, by outcome"
      {...series}
      lines={lines.map(({ label, values }) => ({ label, values: perMinute(values) }))}
      format={formatValue}
      empty="No call came in this time."
    />
  );
}

/** How long calls took, in the middle and at the slow end. */
export function ServiceTimeChart({ serviceId }: { readonly serviceId: string }) {
  const label = `service:${serviceId}`;
  const series = useSeries([
    { metric: "gateway_service_duration", aggregation: "p50", label },
    { metric: "gateway_service_duration", aggregation: "p95", label },
  ]);
  const [middle, high] = series.answers ?? [];
  return (
    <LineChart
      title="Time"
      unit="p50 and p95"
      {...series}
      lines={[lineOf("p50", middle, series.range), lineOf("p95", high, series.range)]}
      format={formatSeconds}
      steps="seconds"
      empty="No call came in this time."
    />
  );
}
