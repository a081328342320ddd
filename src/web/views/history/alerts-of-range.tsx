// The alerts of the time range, as they were raised.

import { orderAlerts } from "../../model/alert-words.ts";
import { resolveRange } from "../../model/time-range.ts";
import type { Alert } from "../../model/wire.ts";
import { useApp } from "../../state/app.ts";
import { useResource } from "../../state/use-resource.ts";
import { AlertLine } from "../alerts/alerts-panel.tsx";
import { ReadProblem } from "../parts/read-problem.tsx";

const SHOWN = 20;
const REFRESH_MS = 30_000;

/** A panel of alerts. */
export function AlertsOfRange() {
  const { api, live, range, nowMs, router } = useApp();
  const read = useResource(
    `alerts of ${JSON.stringify(range.value)} ${live.connections.value}`,
    async (signal) => {
      const { fromMs, toMs } = resolveRange(range.peek(), nowMs.peek());
      const query = { fromMs, toMs, limit: 200 };
      return (await api.get<{ alerts: Alert[] }>("/api/v1/alerts", query, signal)).alerts;
    },
    { refreshMs: REFRESH_MS },
  );
  const { data } = read;
  if (data === undefined) return <ReadProblem resource={read} />;
  return (
    <section class="panel" aria-label="Alerts">
      <header class="section-head">
        <h2 class="panel-title">Alerts</h2>
        <a class="link" href={router.href("/alerts", { state: "any" })}>
          All of them
        </a>
      </header>
      <ReadProblem resource={read} />
      {data.length === 0 ? <p class="panel-note">None was raised in this time.</p> : null}
      <ul class="short-list">
        {orderAlerts(data)
          .slice(0, SHOWN)
          .map((alert) => (
            <AlertLine key={alert.id} alert={live.alerts.value.get(alert.id) ?? alert} />
          ))}
      </ul>
      {data.length > SHOWN ? <p class="panel-note">And {data.length - SHOWN} more.</p> : null}
    </section>
  );
}
