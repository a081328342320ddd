// Four charts: work done, money, speed, and how long mail waits.

import { lineOf, linesByKind, outcomeLines, rates } from "../../model/chart-data.ts";
import { formatSeconds, formatUsd, formatValue } from "../../model/format.ts";
import { AlertMarks } from "../../charts/alert-marks.tsx";
import { ChartGroup } from "../../charts/chart-group.tsx";
import { LineChart } from "../../charts/line-chart.tsx";
import { useSeries } from "../../charts/use-series.ts";
import { useApp } from "../../state/app.ts";
import { useServerStart } from "../../state/use-server-start.ts";

/** Beyond this many agents, one line over all is asked for instead of one per agent. */
const BY_KIND_AGENTS_MAX = 300;

/** The charts below the fleet. */
export function OverviewCharts() {
  return (
    <AlertMarks>
      <ChartGroup class="charts-4">
        <DoneChart />
        <CostChart />
        <CallChart />
        <WaitChart />
      </ChartGroup>
    </AlertMarks>
  );
}

function DoneChart() {
  const startedAtMs = useServerStart();
  const series = useSeries([
    { metric: "task_completion", aggregation: "count" },
    { metric: "task_completion", aggregation: "sum" },
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

function CostChart() {
  const { live } = useApp();
  const fleet = live.agents.value;
  const byAgent = (fleet?.size ?? 0) <= BY_KIND_AGENTS_MAX;
  const series = useSeries([
    { metric: "cost_usd", aggregation: "sum", groupBy: byAgent ? "agent" : "none" },
  ]);
  const kindOf = (agentId: string): string => fleet?.get(agentId)?.kind ?? "gone";
  const answer = series.answers?.[0] ?? [];
  const grouped = byAgent
    ? linesByKind(answer, kindOf, series.range)
    : [lineOf("all", answer, series.range)];
  return (
    <LineChart
      title="Cost"
      unit="$ per hour, by kind"
      {...series}
      lines={grouped.map(({ label, values }) => ({
        label,
        values: rates(values, series.range, series.askedAtMs, 3_600_000),
      }))}
      format={formatUsd}
      empty="No agent recorded cost_usd in this time."
    />
  );
}

function CallChart() {
  const series = useSeries([
    { metric: "gateway_service_duration", aggregation: "p50" },
    { metric: "gateway_service_duration", aggregation: "p95" },
  ]);
  const [middle, high] = series.answers ?? [];
  return (
    <LineChart
      title="Calls"
      unit="p50 and p95"
      {...series}
      lines={[lineOf("p50", middle, series.range), lineOf("p95", high, series.range)]}
      format={formatSeconds}
      steps="seconds"
      empty="No call passed the gateway in this time."
    />
  );
}

function WaitChart() {
  const series = useSeries([{ metric: "oldest_message_age", aggregation: "max" }]);
  return (
    <LineChart
      title="Oldest message"
      unit="not yet claimed"
      {...series}
      lines={[lineOf("oldest", series.answers?.[0], series.range)]}
      format={formatSeconds}
      steps="seconds"
      empty="Nothing was measured in this time."
    />
  );
}
