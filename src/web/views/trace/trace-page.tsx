// One trace: the waterfall of what it led to, the alerts that point at it, and what people and
// agents changed under its id.

import { formatSeconds, formatTime, plural } from "../../model/format.ts";
import type { TraceView } from "../../model/wire.ts";
import { useApp } from "../../state/app.ts";
import { useResource } from "../../state/use-resource.ts";
import { AlertLine } from "../alerts/alerts-panel.tsx";
import { Clock } from "../parts/age.tsx";
import { CopyButton } from "../parts/copy-button.tsx";
import { EmptyState } from "../parts/empty-state.tsx";
import { Waterfall } from "./waterfall.tsx";

/** Reads a trace, again and again while something in it runs. */
export function useTrace(traceId: string | null, refreshMs = 2000) {
  const { api, live } = useApp();
  const path = `/api/v1/traces/${encodeURIComponent(traceId ?? "")}`;
  return useResource(
    traceId === null ? null : `${path} ${live.connections.value}`,
    (signal) => api.get<TraceView>(path, {}, signal),
    { refreshMs },
  );
}

/** The page at /trace/:id. */
export function TracePage({ traceId }: { readonly traceId: string }) {
  const { nowMs } = useApp();
  const { data, error } = useTrace(traceId);
  if (error?.status === 404) {
    return (
      <main class="page">
        <h1 class="page-title">No such trace</h1>
        <EmptyState
          title="Nothing is on record under this trace id."
          why="Its calls and messages may be older than what is kept, or the id may be mistyped."
        />
      </main>
    );
  }
  if (data === undefined || data.traceId !== traceId) {
    return (
      <main class="page" aria-busy="true">
        <h1 class="page-title">Trace</h1>
        {error === undefined ? null : <p class="problem">{error.message}</p>}
      </main>
    );
  }
  const first = data.spans.find(({ kind }) => kind !== "inbox") ?? data.spans[0];
  return (
    <main class="page">
      <header class="trace-head">
        <h1 class="page-title">{first?.name ?? "Trace"}</h1>
        <p class="trace-facts">
          <span>{plural(data.spans.length, "span")}</span>
          <span>{formatSeconds((data.toMs - data.fromMs) / 1000)}</span>
          <span>since {formatTime(data.fromMs, nowMs.peek())}</span>
          <span class="mono">{traceId}</span>
          <CopyButton text={traceId} />
        </p>
      </header>
      <section class="panel" aria-label="Waterfall">
        <Waterfall spans={data.spans} window={data} />
      </section>
      <div class="columns-even">
        <TraceAlerts trace={data} />
        <TraceAudit trace={data} />
      </div>
    </main>
  );
}

function TraceAlerts({ trace }: { readonly trace: TraceView }) {
  return (
    <section class="panel" aria-label="Alerts">
      <h2 class="panel-title">Alerts</h2>
      {trace.alerts.length === 0 ? <p class="panel-note">No alert points at it.</p> : null}
      <ul class="short-list">
        {trace.alerts.map((alert) => (
          <AlertLine key={alert.id} alert={alert} />
        ))}
      </ul>
    </section>
  );
}

function TraceAudit({ trace }: { readonly trace: TraceView }) {
  return (
    <section class="panel" aria-label="Audit">
      <h2 class="panel-title">Audit</h2>
      {trace.audit.length === 0 ? (
        <p class="panel-note">Nothing was changed under this id.</p>
      ) : null}
      <ul class="short-list">
        {trace.audit.map((entry, index) => (
          <li key={index} class="short-line">
            <Clock atMs={entry.atMs} />
            <span class="short-text">
              <span class="mono">{entry.action}</span> {entry.resource}
            </span>
            <span class="short-end">{entry.actor}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
