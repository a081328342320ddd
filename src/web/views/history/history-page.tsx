// What was: health over time, the key figures of a stretch of time, its alerts, and the pictures
// the server took of itself.

import { useState } from "preact/hooks";
import { AlertMarks } from "../../charts/alert-marks.tsx";
import { ChartGroup } from "../../charts/chart-group.tsx";
import { LineChart } from "../../charts/line-chart.tsx";
import { useSeries } from "../../charts/use-series.ts";
import { lineOf, outcomeLines, rates } from "../../model/chart-data.ts";
import { formatSeconds, formatUsd, formatValue } from "../../model/format.ts";
import { fromLocalInput, toLocalInput } from "../../model/local-time.ts";
import { resolveRange } from "../../model/time-range.ts";
import { useApp } from "../../state/app.ts";
import { useServerStart } from "../../state/use-server-start.ts";
import { Icon } from "../parts/icons.tsx";
import { AlertsOfRange } from "./alerts-of-range.tsx";
import { KeyFigures } from "./key-figures.tsx";
import { Snapshots } from "./snapshots.tsx";

/** The page at /history. */
export function HistoryPage() {
  return (
    <main class="page">
      <header class="page-head">
        <h1 class="page-title">History</h1>
        <RangePicker />
        <Downloads />
      </header>
      <AlertMarks>
        <HealthChart />
        <KeyFigures />
        <ChartGroup class="charts-2">
          <DoneChart />
          <ResponseChart />
          <MessagesChart />
          <CostChart />
        </ChartGroup>
      </AlertMarks>
      <AlertsOfRange />
      <Snapshots />
    </main>
  );
}

/** Any stretch of time, beside the presets of the top bar. */
function RangePicker() {
  const { range, setRange, nowMs } = useApp();
  const { fromMs, toMs } = resolveRange(range.value, nowMs.peek());
  const [from, setFrom] = useState<string | undefined>(undefined);
  const [to, setTo] = useState<string | undefined>(undefined);
  const fromChosen = fromLocalInput(from ?? toLocalInput(fromMs));
  const toChosen = fromLocalInput(to ?? toLocalInput(toMs));
  const isRange = fromChosen !== null && toChosen !== null && toChosen > fromChosen;
  return (
    <form
      class="range-picker"
      onSubmit={(event) => {
        event.preventDefault();
        if (!isRange) return;
        setRange({ kind: "fixed", fromMs: fromChosen, toMs: toChosen });
        setFrom(undefined);
        setTo(undefined);
      }}
    >
      <input
        class="input"
        type="datetime-local"
        aria-label="From"
        value={from ?? toLocalInput(fromMs)}
        onInput={(event) => setFrom(event.currentTarget.value)}
      />
      <span class="dim">to</span>
      <input
        class="input"
        type="datetime-local"
        aria-label="To"
        value={to ?? toLocalInput(toMs)}
        onInput={(event) => setTo(event.currentTarget.value)}
      />
      <button
        type="submit"
        class="button"
        disabled={!isRange || (from === undefined && to === undefined)}
      >
        Show
      </button>
    </form>
  );
}

function Downloads() {
  const { range, nowMs, namespace } = useApp();
  const { fromMs, toMs } = resolveRange(range.value, nowMs.peek());
  const query = new URLSearchParams({ fromMs: String(fromMs), toMs: String(toMs) });
  const whole = new URLSearchParams();
  if (namespace !== undefined) {
    query.set("namespace", namespace);
    whole.set("namespace", namespace);
  }
  return (
    <span class="page-verbs">
      <a class="button" href={`/api/v1/report.html?${query.toString()}`} target="_blank">
        Report <Icon name="open" />
      </a>
      <a class="button" href={`/api/v1/export?${whole.toString()}`} download>
        Export
      </a>
    </span>
  );
}

function HealthChart() {
  const series = useSeries([
    { metric: "system_health_score", aggregation: "avg" },
    { metric: "system_health_score", aggregation: "min" },
  ]);
  const [average, least] = series.answers ?? [];
  return (
    <section class="charts charts-1" aria-label="Health">
      <LineChart
        title="Health"
        unit="0 to 100; marks are alerts"
        {...series}
        lines={[lineOf("average", average, series.range), lineOf("least", least, series.range)]}
        format={formatValue}
        empty="Health was not measured in this time."
        height={180}
      />
    </section>
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

function ResponseChart() {
  const series = useSeries([
    { metric: "response_time", aggregation: "p50" },
    { metric: "response_time", aggregation: "p95" },
  ]);
  const [middle, high] = series.answers ?? [];
  return (
    <LineChart
      title="Response time of agents"
      unit="p50 and p95"
      {...series}
      lines={[lineOf("p50", middle, series.range), lineOf("p95", high, series.range)]}
      format={formatSeconds}
      steps="seconds"
      empty="No agent answered in this time."
    />
  );
}

function MessagesChart() {
  const series = useSeries([{ metric: "messages_sent", aggregation: "count" }]);
  const { values } = lineOf("sent", series.answers?.[0], series.range);
  return (
    <LineChart
      title="Messages"
      unit="per minute"
      {...series}
      lines={[{ label: "sent", values: rates(values, series.range, series.askedAtMs, 60_000) }]}
      format={formatValue}
      empty="No message was sent in this time."
    />
  );
}

function CostChart() {
  const series = useSeries([{ metric: "cost_usd", aggregation: "sum" }]);
  const { values } = lineOf("all", series.answers?.[0], series.range);
  return (
    <LineChart
      title="Cost"
      unit="$ per hour"
      {...series}
      lines={[{ label: "all", values: rates(values, series.range, series.askedAtMs, 3_600_000) }]}
      format={formatUsd}
      empty="No agent recorded cost_usd in this time."
    />
  );
}
