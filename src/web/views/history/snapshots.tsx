// The pictures the server took of all metrics, one per interval.

import { useState } from "preact/hooks";
import { compareNames } from "../../model/fleet.ts";
import { formatAge, formatCount, formatTime, plural } from "../../model/format.ts";
import { metricFormat } from "../../model/metric-format.ts";
import { resolveRange } from "../../model/time-range.ts";
import type { PerformanceSnapshot } from "../../model/wire.ts";
import { useApp } from "../../state/app.ts";
import { useResource } from "../../state/use-resource.ts";
import { ReadProblem } from "../parts/read-problem.tsx";

const REFRESH_MS = 30_000;
const ASKED = 500;
const SHOWN = 10;

/** A table of snapshots; choosing one shows its metrics. */
export function Snapshots() {
  const { api, live, range, nowMs } = useApp();
  const [chosenId, setChosenId] = useState<string | undefined>(undefined);
  const [all, setAll] = useState(false);
  const read = useResource(
    `snapshots of ${JSON.stringify(range.value)} ${live.connections.value}`,
    async (signal) => {
      type Answer = { readonly snapshots: readonly PerformanceSnapshot[] };
      const { fromMs, toMs } = resolveRange(range.peek(), nowMs.peek());
      const query = { fromMs, toMs, count: ASKED };
      return (await api.get<Answer>("/api/v1/snapshots", query, signal)).snapshots;
    },
    { refreshMs: REFRESH_MS },
  );
  const { data } = read;
  if (data === undefined) return <ReadProblem resource={read} />;
  const rows = all ? data : data.slice(0, SHOWN);
  return (
    <section class="panel" aria-label="Snapshots">
      <h2 class="panel-title">Snapshots</h2>
      <ReadProblem resource={read} />
      {data.length === 0 ? (
        <p class="panel-note">None was taken in this time. The server takes one at an interval.</p>
      ) : (
        <ul class="snapshots" data-testid="snapshots">
          {rows.map((snapshot) => (
            <li key={snapshot.id}>
              <button
                type="button"
                class="snapshot"
                aria-expanded={snapshot.id === chosenId}
                onClick={() => setChosenId(snapshot.id === chosenId ? undefined : snapshot.id)}
              >
                <span>{formatTime(snapshot.atMs, nowMs.peek())}</span>
                <span>{plural(snapshot.agents.length, "agent")}</span>
                <span>{plural(Object.keys(snapshot.metrics).length, "metric")}</span>
                <span>
                  {plural(snapshot.samples, "sample")} in {formatAge(snapshot.windowMs)}
                </span>
              </button>
              {snapshot.id === chosenId ? <SnapshotMetrics snapshot={snapshot} /> : null}
            </li>
          ))}
        </ul>
      )}
      {rows.length < data.length ? (
        <button type="button" class="button button-quiet more" onClick={() => setAll(true)}>
          Show {data.length - rows.length} more
        </button>
      ) : null}
    </section>
  );
}

function SnapshotMetrics({ snapshot }: { readonly snapshot: PerformanceSnapshot }) {
  const metrics = Object.entries(snapshot.metrics).sort(([a], [b]) => compareNames(a, b));
  return (
    <div class="table-scroll">
      <table class="table">
        <thead>
          <tr>
            <th scope="col">Metric</th>
            <th scope="col" class="number">
              count
            </th>
            <th scope="col" class="number">
              average
            </th>
            <th scope="col" class="number">
              p95
            </th>
            <th scope="col" class="number">
              latest
            </th>
          </tr>
        </thead>
        <tbody>
          {metrics.map(([name, summary]) => (
            <tr key={name}>
              <th scope="row" class="mono">
                {name}
              </th>
              <td class="number">{formatCount(summary.count)}</td>
              <td class="number">{metricFormat(name)(summary.avg)}</td>
              <td class="number">{metricFormat(name)(summary.p95)}</td>
              <td class="number">{metricFormat(name)(summary.latest)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
