// Every metric an agent recorded in the time range: its numbers, and its line on request.

import { useState } from "preact/hooks";
import { LineChart } from "../../charts/line-chart.tsx";
import { useSeries } from "../../charts/use-series.ts";
import { lineOf } from "../../model/chart-data.ts";
import { compareNames } from "../../model/fleet.ts";
import { formatCount } from "../../model/format.ts";
import { metricFormat, metricSteps } from "../../model/metric-format.ts";
import type { MetricFormat } from "../../model/metric-format.ts";
import { resolveRange } from "../../model/time-range.ts";
import type { AgentSummary, MetricSummary } from "../../model/wire.ts";
import { useApp } from "../../state/app.ts";
import { useResource } from "../../state/use-resource.ts";
import { EmptyState } from "../parts/empty-state.tsx";
import { ReadProblem } from "../parts/read-problem.tsx";

/** The Metrics tab. */
export function MetricsTab({ agentId }: { readonly agentId: string }) {
  const { api, range, nowMs } = useApp();
  const [chosen, setChosen] = useState<string | undefined>(undefined);
  const path = `/api/v1/agents/${encodeURIComponent(agentId)}/summary`;
  const read = useResource(
    `${path} ${JSON.stringify(range.value)}`,
    (signal) => {
      const { fromMs, toMs } = resolveRange(range.peek(), nowMs.peek());
      return api.get<AgentSummary>(path, { fromMs, toMs }, signal);
    },
    { refreshMs: 10_000 },
  );
  const metrics = Object.entries(read.data?.metrics ?? {}).sort(([a], [b]) => compareNames(a, b));
  if (metrics.length === 0) {
    if (read.error !== undefined) return <ReadProblem resource={read} />;
    if (read.loading) return null;
    return (
      <EmptyState
        title="Numbers that the agent records about itself."
        why="It recorded none in this time range. In Python:"
        command={'phone.record("response_time", 0.42)'}
      />
    );
  }
  const shown = metrics.some(([name]) => name === chosen) ? chosen : metrics[0]?.[0];
  return (
    <div class="column">
      <ReadProblem resource={read} />
      {shown === undefined ? null : <MetricChart agentId={agentId} metric={shown} />}
      <div class="table-wrap">
        <table class="table" data-testid="metrics-table">
          <thead>
            <tr>
              <th scope="col">Metric</th>
              {NUMBERS.map(({ label }) => (
                <th key={label} scope="col" class="number">
                  {label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {metrics.map(([name, summary]) => (
              <tr key={name} class={name === shown ? "row-chosen" : ""}>
                <th scope="row" class="mono">
                  <button type="button" class="link-button" onClick={() => setChosen(name)}>
                    {name}
                  </button>
                </th>
                {NUMBERS.map(({ label, of }) => (
                  <td key={label} class="number">
                    {of(summary, metricFormat(name))}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}

const NUMBERS: readonly {
  readonly label: string;
  readonly of: (summary: MetricSummary, format: MetricFormat) => string;
}[] = [
  { label: "latest", of: (summary, format) => format(summary.latest) },
  { label: "count", of: (summary) => formatCount(summary.count) },
  { label: "average", of: (summary, format) => format(summary.avg) },
  { label: "min", of: (summary, format) => format(summary.min) },
  { label: "p50", of: (summary, format) => format(summary.p50) },
  { label: "p95", of: (summary, format) => format(summary.p95) },
  { label: "p99", of: (summary, format) => format(summary.p99) },
  { label: "max", of: (summary, format) => format(summary.max) },
];

function MetricChart({ agentId, metric }: { readonly agentId: string; readonly metric: string }) {
  const series = useSeries([
    { metric, aggregation: "avg", agentId },
    { metric, aggregation: "p95", agentId },
  ]);
  const [average, high] = series.answers ?? [];
  return (
    <section class="charts charts-1" aria-label="Chart">
      <LineChart
        title={metric}
        unit="average and p95"
        {...series}
        lines={[lineOf("average", average, series.range), lineOf("p95", high, series.range)]}
        format={metricFormat(metric)}
        steps={metricSteps(metric)}
        empty="Nothing was recorded in this time."
        height={200}
      />
    </section>
  );
}
