// Any metric of the fleet, of all agents or some, reduced as asked: one chart, and the numbers
// behind it.

import { LineChart } from "../../charts/line-chart.tsx";
import { AlertMarks } from "../../charts/alert-marks.tsx";
import { useSeries } from "../../charts/use-series.ts";
import {
  limitLines,
  linesByKind,
  linesByLabel,
  lineOf,
  withoutRunning,
} from "../../model/chart-data.ts";
import type { ChartLine } from "../../model/chart-data.ts";
import { compareNames } from "../../model/fleet.ts";
import { formatCount, plural } from "../../model/format.ts";
import { metricFormat, metricSteps } from "../../model/metric-format.ts";
import type { MetricFormat } from "../../model/metric-format.ts";
import {
  AGGREGATIONS,
  GROUPINGS,
  aggregationWords,
  metricChoiceQuery,
  parseMetricChoice,
  seriesGrouping,
} from "../../model/metric-choice.ts";
import type { MetricChoice } from "../../model/metric-choice.ts";
import { resolveRange } from "../../model/time-range.ts";
import type { Aggregation, MetricSummary } from "../../model/wire.ts";
import { useApp } from "../../state/app.ts";
import { useResource } from "../../state/use-resource.ts";
import { EmptyState } from "../parts/empty-state.tsx";
import { ReadProblem } from "../parts/read-problem.tsx";
import { MetricList } from "./metric-list.tsx";

const REFRESH_MS = 10_000;

/** The page at /metrics. */
export function MetricsPage() {
  const { api, live, range, router } = useApp();
  const asked = parseMetricChoice(router.query.value);
  const read = useResource(
    `metric names ${live.connections.value}`,
    async (signal) => {
      type Answer = { readonly metrics: readonly { metric: string; agents: number }[] };
      return (await api.get<Answer>("/api/v1/metrics/names", {}, signal)).metrics;
    },
    { refreshMs: 30_000 },
  );
  const summaries = useSummaries(asked.agent, JSON.stringify(range.value));
  const names = read.data;
  if (names === undefined || names.length === 0) {
    return (
      <main class="page" aria-busy={read.loading}>
        <h1 class="page-title">Metrics</h1>
        <ReadProblem resource={read} />
        {names === undefined ? null : (
          <EmptyState
            title="Every number that agents and the server record."
            why="None is on record yet. In Python:"
            command={'phone.record("response_time", 0.42)'}
          />
        )}
      </main>
    );
  }
  const ordered = [...names].sort((a, b) => compareNames(a.metric, b.metric));
  const usual = ordered.find(({ metric }) => metric === "task_duration") ?? ordered[0];
  const choice = { ...asked, metric: asked.metric === "" ? (usual?.metric ?? "") : asked.metric };
  const choose = (change: Partial<MetricChoice>): void =>
    router.setQuery(metricChoiceQuery({ ...choice, ...change }), true);
  return (
    <main class="page">
      <h1 class="page-title">Metrics</h1>
      <ReadProblem resource={read} />
      <ReadProblem resource={summaries} />
      <div class="metrics-layout">
        <MetricList
          metrics={ordered}
          summaries={summaries.data}
          chosen={choice.metric}
          onChoose={(metric) => choose({ metric })}
        />
        <div class="column">
          <MetricControls choice={choice} onChoose={choose} />
          <AlertMarks>
            <MetricChart key={choice.metric} choice={choice} />
          </AlertMarks>
          <SummaryStrip metric={choice.metric} summary={summaries.data?.[choice.metric]} />
          <AgentSummaries choice={choice} onChoose={choose} />
        </div>
      </div>
    </main>
  );
}

/** Numbers of every metric in the page's range, of one agent or all. */
function useSummaries(agentId: string, rangeKey: string) {
  const { api, live, range, nowMs } = useApp();
  return useResource(
    `summaries ${agentId} ${rangeKey} ${live.connections.value}`,
    async (signal) => {
      const { fromMs, toMs } = resolveRange(range.peek(), nowMs.peek());
      const query = { fromMs, toMs, agentId: agentId === "" ? undefined : agentId };
      type Answer = { readonly metrics: Readonly<Record<string, MetricSummary>> };
      return (await api.get<Answer>("/api/v1/metrics/summary", query, signal)).metrics;
    },
    { refreshMs: REFRESH_MS },
  );
}

interface MetricControlsProps {
  readonly choice: MetricChoice;
  readonly onChoose: (change: Partial<MetricChoice>) => void;
}

function MetricControls({ choice, onChoose }: MetricControlsProps) {
  const { live } = useApp();
  const agents = [...(live.agents.value?.keys() ?? [])].sort(compareNames);
  const known = choice.agent === "" || agents.includes(choice.agent);
  return (
    <div class="filters metric-controls">
      <select
        class="select"
        aria-label="Agent"
        value={choice.agent}
        onChange={(event) => onChoose({ agent: event.currentTarget.value })}
      >
        <option value="">all agents</option>
        {(known ? agents : [choice.agent, ...agents]).map((id) => (
          <option key={id} value={id}>
            {id}
          </option>
        ))}
      </select>
      <div class="segmented" role="group" aria-label="Aggregation">
        {AGGREGATIONS.map((aggregation) => (
          <button
            key={aggregation}
            type="button"
            aria-pressed={choice.aggregation === aggregation}
            title={aggregationWords(aggregation)}
            onClick={() => onChoose({ aggregation })}
          >
            {aggregation}
          </button>
        ))}
      </div>
      <label class="field">
        <span>by</span>
        <select
          class="select"
          value={choice.groupBy}
          onChange={(event) => {
            const chosen = GROUPINGS.find(({ id }) => id === event.currentTarget.value);
            if (chosen !== undefined) onChoose({ groupBy: chosen.id });
          }}
        >
          {GROUPINGS.map(({ id, words }) => (
            <option key={id} value={id}>
              {words}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

function MetricChart({ choice }: { readonly choice: MetricChoice }) {
  const { metric, aggregation, agent, groupBy } = choice;
  const series = useSeries([
    {
      metric,
      aggregation,
      groupBy: seriesGrouping(groupBy),
      ...(agent === "" ? {} : { agentId: agent }),
    },
  ]);
  const answer = series.answers?.[0] ?? [];
  const lines = (): readonly ChartLine[] => {
    if (groupBy === "none") return [lineOf("all", answer, series.range)];
    if (groupBy === "agent") return linesByKind(answer, (agentId) => agentId, series.range);
    return linesByLabel(answer, groupBy, series.range);
  };
  const amounts = aggregation === "sum" || aggregation === "count";
  const shown = lines().map(({ label, values }) => ({
    label,
    values: amounts ? withoutRunning(values, series.range, series.askedAtMs) : values,
  }));
  const more = shown.length - limitLines(shown).length;
  return (
    <section class="charts charts-1" aria-label="Chart">
      <LineChart
        title={metric}
        unit={`${aggregationWords(aggregation)}${more > 0 ? `, the ${limitLines(shown).length - 1} largest of ${shown.length}` : ""}`}
        {...series}
        lines={shown}
        format={aggregation === "count" ? formatCount : metricFormat(metric)}
        steps={aggregation === "count" ? "decimal" : metricSteps(metric)}
        empty="Nothing was recorded in this time."
        height={280}
      />
    </section>
  );
}

/** What is said of a metric, in the order in which it is read. */
export const SUMMARY_NUMBERS: readonly {
  readonly label: string;
  readonly of: (summary: MetricSummary, format: MetricFormat) => string;
}[] = [
  { label: "latest", of: (summary, format) => format(summary.latest) },
  { label: "count", of: (summary) => formatCount(summary.count) },
  { label: "min", of: (summary, format) => format(summary.min) },
  { label: "average", of: (summary, format) => format(summary.avg) },
  { label: "max", of: (summary, format) => format(summary.max) },
  { label: "p50", of: (summary, format) => format(summary.p50) },
  { label: "p95", of: (summary, format) => format(summary.p95) },
  { label: "p99", of: (summary, format) => format(summary.p99) },
];

interface SummaryStripProps {
  readonly metric: string;
  readonly summary: MetricSummary | undefined;
}

function SummaryStrip({ metric, summary }: SummaryStripProps) {
  if (summary === undefined) return null;
  const format = metricFormat(metric);
  return (
    <dl class="summary-strip" data-testid="metric-summary">
      {SUMMARY_NUMBERS.map(({ label, of }) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{of(summary, format)}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Agents whose numbers are asked for one by one. */
const AGENTS_MAX = 24;

/** A metric's numbers for each agent that recorded it, as far as they are asked for. */
function useAgentSummaries(metric: string) {
  const { api, live, range, nowMs } = useApp();
  return useResource(
    `agent summaries ${metric} ${JSON.stringify(range.value)} ${live.connections.value}`,
    async (signal) => {
      const { fromMs, toMs, stepMs } = resolveRange(range.peek(), nowMs.peek());
      const query = { metric, aggregation: "count" as Aggregation, groupBy: "agent" };
      type Lines = { readonly series: readonly { agentId: string | null }[] };
      const path = "/api/v1/metrics/series";
      const { series } = await api.get<Lines>(path, { ...query, fromMs, toMs, stepMs }, signal);
      const ids = series.flatMap(({ agentId }) => (agentId === null ? [] : [agentId]));
      type Answer = { readonly metrics: Readonly<Record<string, MetricSummary>> };
      const rows = await Promise.all(
        ids.slice(0, AGENTS_MAX).map(async (agentId) => {
          const about = { metric, agentId, fromMs, toMs };
          const { metrics } = await api.get<Answer>("/api/v1/metrics/summary", about, signal);
          return { agentId, summary: metrics[metric] };
        }),
      );
      return { rows, agents: ids.length };
    },
    { refreshMs: 3 * REFRESH_MS },
  );
}

/** The same numbers for each agent that recorded the metric. */
function AgentSummaries({ choice, onChoose }: MetricControlsProps) {
  const { live, router } = useApp();
  const { metric } = choice;
  const read = useAgentSummaries(metric);
  const { data } = read;
  const rows = data?.rows ?? [];
  if (data === undefined || rows.length === 0) return <ReadProblem resource={read} />;
  const format = metricFormat(metric);
  return (
    <div class="table-wrap">
      <table class="table" data-testid="agent-summaries">
        <thead>
          <tr>
            <th scope="col">
              {data.agents > AGENTS_MAX
                ? `${AGENTS_MAX} of ${plural(data.agents, "agent")}`
                : "Agent"}
            </th>
            {SUMMARY_NUMBERS.map(({ label }) => (
              <th key={label} scope="col" class="number">
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ agentId, summary }) =>
            summary === undefined ? null : (
              <tr key={agentId} class={agentId === choice.agent ? "row-chosen" : ""}>
                <th scope="row">
                  <button
                    type="button"
                    class="link-button"
                    onClick={() =>
                      live.agents.peek()?.has(agentId) === true
                        ? onChoose({ agent: agentId === choice.agent ? "" : agentId })
                        : router.setQuery({ agent: agentId }, true)
                    }
                  >
                    {agentId}
                  </button>
                </th>
                {SUMMARY_NUMBERS.map(({ label, of }) => (
                  <td key={label} class="number">
                    {of(summary, format)}
                  </td>
                ))}
              </tr>
            ),
          )}
        </tbody>
      </table>
    </div>
  );
}
