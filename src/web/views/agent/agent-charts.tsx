// Four charts of one agent.

import type { AxisSteps } from "../../charts/line-plot.ts";
import { ChartGroup } from "../../charts/chart-group.tsx";
import { LineChart } from "../../charts/line-chart.tsx";
import { useSeries } from "../../charts/use-series.ts";
import { lineOf, outcomeLines } from "../../model/chart-data.ts";
import { formatBytes, formatSeconds, formatValue } from "../../model/format.ts";
import { useServerStart } from "../../state/use-server-start.ts";

/** The charts of an agent's first tab, two by two. */
export function AgentCharts({ agentId }: { readonly agentId: string }) {
  return (
    <ChartGroup class="charts-2">
      <OutcomeChart agentId={agentId} />
      <PercentileChart agentId={agentId} />
      <ProcessChart
        agentId={agentId}
        metric="cpu_usage"
        title="CPU"
        unit="% of one core"
        format={formatValue}
      />
      <ProcessChart
        agentId={agentId}
        metric="memory_usage"
        title="Memory"
        unit="resident"
        format={formatBytes}
        steps="bytes"
      />
    </ChartGroup>
  );
}

function OutcomeChart({ agentId }: { readonly agentId: string }) {
  const startedAtMs = useServerStart();
  const series = useSeries([
    { metric: "task_completion", aggregation: "count", agentId },
    { metric: "task_completion", aggregation: "sum", agentId },
  ]);
  return (
    <LineChart
      title="Done and failed"
      unit="per minute"
      {...series}
      lines={outcomeLines(series.answers, series.range, startedAtMs, series.askedAtMs)}
      format={formatValue}
      empty="No task ended in this time."
    />
  );
}

function PercentileChart({ agentId }: { readonly agentId: string }) {
  const series = useSeries([
    { metric: "task_duration", aggregation: "p50", agentId },
    { metric: "task_duration", aggregation: "p95", agentId },
  ]);
  const [middle, high] = series.answers ?? [];
  return (
    <LineChart
      title="Task time"
      unit="p50 and p95"
      {...series}
      lines={[lineOf("p50", middle, series.range), lineOf("p95", high, series.range)]}
      format={formatSeconds}
      steps="seconds"
      empty="No task ended in this time."
    />
  );
}

interface ProcessChartProps {
  readonly agentId: string;
  readonly metric: string;
  readonly title: string;
  readonly unit: string;
  readonly format: (value: number) => string;
  readonly steps?: AxisSteps;
}

function ProcessChart(props: ProcessChartProps) {
  const { agentId, metric, title, unit, format, steps } = props;
  const series = useSeries([{ metric, aggregation: "avg", agentId }]);
  return (
    <LineChart
      title={title}
      unit={unit}
      {...series}
      lines={[lineOf("average", series.answers?.[0], series.range)]}
      format={format}
      steps={steps ?? "decimal"}
      empty="No figures in this time. Agents under ./cellphone run report them."
    />
  );
}
