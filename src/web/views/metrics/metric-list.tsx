// All metrics on record, with a filter; each with its newest value in the time range.

import { useState } from "preact/hooks";
import { metricFormat } from "../../model/metric-format.ts";
import type { MetricSummary } from "../../model/wire.ts";

/** The metrics and which one is on the chart. */
export interface MetricListProps {
  readonly metrics: readonly { readonly metric: string; readonly agents: number }[];
  readonly summaries: Readonly<Record<string, MetricSummary>> | undefined;
  readonly chosen: string;
  readonly onChoose: (metric: string) => void;
}

/** The list on the left. */
export function MetricList({ metrics, summaries, chosen, onChoose }: MetricListProps) {
  const [typed, setTyped] = useState("");
  const words = typed.toLowerCase().split(/\s+/u);
  const shown = metrics.filter(({ metric }) => words.every((word) => metric.includes(word)));
  return (
    <section class="panel metric-list" aria-label="All metrics">
      <input
        class="input"
        type="search"
        aria-label="Find a metric"
        placeholder="Find a metric"
        value={typed}
        onInput={(event) => setTyped(event.currentTarget.value)}
      />
      <ul data-testid="metric-list">
        {shown.map(({ metric }) => {
          const summary = summaries?.[metric];
          return (
            <li key={metric}>
              <button
                type="button"
                class="metric-item"
                aria-pressed={metric === chosen}
                title={metric}
                onClick={() => onChoose(metric)}
              >
                <span class="metric-name">{metric}</span>
                <span class="metric-latest">
                  {summary === undefined ? "" : metricFormat(metric)(summary.latest)}
                </span>
              </button>
            </li>
          );
        })}
      </ul>
      {shown.length === 0 ? <p class="panel-note">Nothing matches “{typed}”.</p> : null}
    </section>
  );
}
