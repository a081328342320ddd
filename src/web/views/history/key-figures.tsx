// The key figures of the time range, grouped, each with how it is worked out.

import { formatCount } from "../../model/format.ts";
import { KPI_GROUPS, kpiValue } from "../../model/kpi-words.ts";
import { resolveRange } from "../../model/time-range.ts";
import type { Kpi } from "../../model/wire.ts";
import { useApp } from "../../state/app.ts";
import { useResource } from "../../state/use-resource.ts";

const REFRESH_MS = 15_000;

/** A table of figures. */
export function KeyFigures() {
  const { api, live, range, nowMs } = useApp();
  const { data, error } = useResource(
    `kpis ${JSON.stringify(range.value)} ${live.connections.value}`,
    async (signal) => {
      const { fromMs, toMs } = resolveRange(range.peek(), nowMs.peek());
      return (await api.get<{ kpis: Kpi[] }>("/api/v1/kpis", { fromMs, toMs }, signal)).kpis;
    },
    { refreshMs: REFRESH_MS },
  );
  if (error !== undefined && data === undefined) return <p class="problem">{error.message}</p>;
  if (data === undefined) return null;
  return (
    <section aria-labelledby="figures">
      <h2 id="figures" class="section-title section-gap">
        Key figures
      </h2>
      <div class="table-wrap" role="region" aria-label="Key figures" tabIndex={0}>
        <table class="table kpi-table" data-testid="kpi-table">
          <thead>
            <tr>
              <th scope="col">Figure</th>
              <th scope="col" class="number">
                Value
              </th>
              <th scope="col" class="number column-optional">
                min
              </th>
              <th scope="col" class="number column-optional">
                average
              </th>
              <th scope="col" class="number column-optional">
                p95
              </th>
              <th scope="col" class="number column-optional">
                max
              </th>
              <th scope="col" class="number">
                count
              </th>
              <th scope="col">How it is worked out</th>
            </tr>
          </thead>
          {KPI_GROUPS.map(({ id, title }) => (
            <FigureGroup key={id} title={title} kpis={data.filter(({ group }) => group === id)} />
          ))}
        </table>
      </div>
    </section>
  );
}

function FigureGroup({ title, kpis }: { readonly title: string; readonly kpis: readonly Kpi[] }) {
  if (kpis.length === 0) return null;
  return (
    <tbody>
      <tr class="table-group">
        <th scope="rowgroup" colSpan={8}>
          {title}
        </th>
      </tr>
      {kpis.map((kpi) => (
        <FigureRow key={kpi.id} kpi={kpi} />
      ))}
    </tbody>
  );
}

function FigureRow({ kpi }: { readonly kpi: Kpi }) {
  const { statistics, unit } = kpi;
  const numbers =
    statistics === null ? null : [statistics.min, statistics.avg, statistics.p95, statistics.max];
  return (
    <tr title={kpi.id}>
      <th scope="row">{kpi.title}</th>
      <td class={kpi.value === null ? "number dim" : "number cell-strong"}>
        {kpiValue(kpi.value, unit)}
      </td>
      {[0, 1, 2, 3].map((at) => (
        <td key={at} class="number column-optional">
          {numbers === null ? "" : kpiValue(numbers[at] ?? null, unit)}
        </td>
      ))}
      <td class="number">{statistics === null ? "" : formatCount(statistics.count)}</td>
      <td class="cell-wide dim" title={kpi.meaning}>
        {kpi.meaning}
      </td>
    </tr>
  );
}
