// The alerts about one agent or service, in a few lines.

import { alertPath } from "../../model/routes.ts";
import type { Alert } from "../../model/wire.ts";
import type { ApiQuery } from "../../state/api-client.ts";
import { useApp } from "../../state/app.ts";
import { Age, Clock } from "../parts/age.tsx";
import { LevelShape } from "../parts/level-mark.tsx";
import { ReadProblem } from "../parts/read-problem.tsx";
import { useAlertsAbout } from "./use-alerts.ts";

/** Whose alerts, and what to say without any. */
export interface AlertsPanelProps {
  readonly query: ApiQuery;
  readonly about: (alert: Alert) => boolean;
  readonly none: string;
}

const SHOWN = 5;

/** A panel beside the work. */
export function AlertsPanel({ query, about, none }: AlertsPanelProps) {
  const { resource, alerts } = useAlertsAbout(query, about);
  return (
    <section class="panel" aria-label="Alerts" data-testid="alerts-panel">
      <h2 class="panel-title">Alerts</h2>
      <ReadProblem resource={resource} />
      {alerts?.length === 0 ? <p class="panel-note">{none}</p> : null}
      <ul class="short-list">
        {alerts?.slice(0, SHOWN).map((alert) => (
          <AlertLine key={alert.id} alert={alert} />
        ))}
      </ul>
    </section>
  );
}

/** One alert as a line with a link. */
export function AlertLine({ alert }: { readonly alert: Alert }) {
  const { router } = useApp();
  const over = alert.state === "resolved";
  return (
    <li class={over ? "short-line row-quiet" : "short-line"}>
      <LevelShape level={alert.level} over={over} />
      <a class="short-text" href={router.href(alertPath(alert.id))} title={alert.message}>
        <span class="visually-hidden">{alert.level}: </span>
        {alert.message}
      </a>
      <span class="short-end">
        {over && alert.endsAtMs !== null ? (
          <>
            over <Clock atMs={alert.endsAtMs} seconds={false} />
          </>
        ) : (
          <Age sinceMs={alert.startsAtMs} />
        )}
      </span>
    </li>
  );
}
