// What is wrong, worst first; who has taken it on; and the rules that watch.

import { useState } from "preact/hooks";
import { ALERT_LEVELS, parseAlertFilter } from "../../model/alert-words.ts";
import type { AlertFilter } from "../../model/alert-words.ts";
import { formatCount } from "../../model/format.ts";
import { namespaceFlag } from "../../model/snippets.ts";
import type { Alert, AlertLevel } from "../../model/wire.ts";
import { useApp } from "../../state/app.ts";
import { useResource } from "../../state/use-resource.ts";
import type { Resource } from "../../state/use-resource.ts";
import { EmptyState } from "../parts/empty-state.tsx";
import { LevelShape } from "../parts/level-mark.tsx";
import { ReadProblem } from "../parts/read-problem.tsx";
import { SearchBox } from "../parts/search-box.tsx";
import { AcknowledgeDialog, ResolveDialog } from "./alert-dialogs.tsx";
import { AlertDetails } from "./alert-details.tsx";
import { AlertRules } from "./alert-rules.tsx";
import { AlertTable } from "./alert-table.tsx";
import { useAlerts } from "./use-alerts.ts";

const FIRST_ROWS = 200;
const ROWS_MAX = 1000;

type Asking = { readonly verb: "acknowledge" | "resolve"; readonly alert: Alert } | null;

/** The page at /alerts and /alerts/:id. */
export function AlertsPage({ alertId }: { readonly alertId: string | null }) {
  const { router, live } = useApp();
  const filter = parseAlertFilter(router.query.value);
  const [limit, setLimit] = useState(FIRST_ROWS);
  const [asking, setAsking] = useState<Asking>(null);
  const { alerts, error, isFull } = useAlerts(filter, limit);
  const { alert: chosen, read } = useAlert(alertId, alerts);
  const close = (): void => router.go("/alerts", filterParameters(filter));
  return (
    <main class="page">
      <h1 class="page-title">Alerts</h1>
      <AlertFilters filter={filter} />
      {error === undefined ? null : <p class="problem">{error.message}</p>}
      <ReadProblem resource={read} />
      <div class={chosen === undefined ? "with-details" : "with-details with-details-open"}>
        <div class="column">
          {alerts === undefined ? null : alerts.length === 0 ? (
            <NoAlerts filter={filter} known={live.summary.value !== null} />
          ) : (
            <AlertTable
              alerts={alerts}
              chosenId={alertId}
              onAcknowledge={(alert) => setAsking({ verb: "acknowledge", alert })}
            />
          )}
          {isFull && limit < ROWS_MAX ? (
            <button
              type="button"
              class="button button-quiet more"
              onClick={() => setLimit(ROWS_MAX)}
            >
              Show older
            </button>
          ) : null}
        </div>
        {chosen === undefined ? null : (
          <AlertDetails
            alert={chosen}
            onAcknowledge={() => setAsking({ verb: "acknowledge", alert: chosen })}
            onResolve={() => setAsking({ verb: "resolve", alert: chosen })}
            onClose={close}
          />
        )}
      </div>
      <AlertRules />
      <Dialogs asking={asking} onClose={() => setAsking(null)} />
    </main>
  );
}

function Dialogs({ asking, onClose }: { readonly asking: Asking; readonly onClose: () => void }) {
  if (asking === null) return null;
  const { id, message } = asking.alert;
  const shared = { alertId: id, message, onClose };
  return asking.verb === "resolve" ? (
    <ResolveDialog {...shared} />
  ) : (
    <AcknowledgeDialog {...shared} />
  );
}

/** The alert of the address: live, listed, or read by itself. */
function useAlert(
  alertId: string | null,
  listed: readonly Alert[] | undefined,
): { readonly alert: Alert | undefined; readonly read: Resource<Alert> } {
  const { api, live } = useApp();
  const known =
    alertId === null
      ? undefined
      : (live.alerts.value.get(alertId) ?? listed?.find(({ id }) => id === alertId));
  const path = `/api/v1/alerts/${encodeURIComponent(alertId ?? "")}`;
  const read = useResource(alertId === null || known !== undefined ? null : path, (signal) =>
    api.get<Alert>(path, {}, signal),
  );
  return { alert: known ?? (read.data?.id === alertId ? read.data : undefined), read };
}

function filterParameters(filter: AlertFilter): Readonly<Record<string, string>> {
  return {
    ...(filter.state === "firing" ? {} : { state: filter.state }),
    ...(filter.level === null ? {} : { level: filter.level }),
    ...(filter.text === "" ? {} : { text: filter.text }),
    ...(filter.open ? { open: "1" } : {}),
  };
}

const STATES = [
  ["firing", "Firing"],
  ["resolved", "Resolved"],
  ["any", "All"],
] as const;

function AlertFilters({ filter }: { readonly filter: AlertFilter }) {
  const { router, live } = useApp();
  const counts = live.summary.value?.alerts.firing;
  const set = (changes: Readonly<Record<string, string | null>>): void =>
    router.setQuery(changes, true);
  const countOf = (level: AlertLevel): string =>
    filter.state === "firing" && counts !== undefined ? `${formatCount(counts[level])} ` : "";
  return (
    <div class="filters">
      <div class="segmented" role="group" aria-label="State">
        {STATES.map(([state, label]) => (
          <button
            key={state}
            type="button"
            aria-pressed={filter.state === state}
            onClick={() => set({ state: state === "firing" ? null : state })}
          >
            {label}
          </button>
        ))}
      </div>
      <SearchBox
        label="Part of the message"
        value={filter.text}
        onChange={(text) => set({ text: text === "" ? null : text })}
      />
      <div class="chips" role="group" aria-label="Level">
        {ALERT_LEVELS.map((level) => (
          <button
            key={level}
            type="button"
            class="chip"
            aria-pressed={filter.level === level}
            onClick={() => set({ level: filter.level === level ? null : level })}
          >
            <LevelShape level={level} />
            {countOf(level)}
            {level}
          </button>
        ))}
        <button
          type="button"
          class="chip"
          aria-pressed={filter.open}
          onClick={() => set({ open: filter.open ? null : "1" })}
        >
          nobody has it
        </button>
      </div>
    </div>
  );
}

function NoAlerts({ filter, known }: { readonly filter: AlertFilter; readonly known: boolean }) {
  const { namespace, router } = useApp();
  const plain = filter.level === null && filter.text === "" && !filter.open;
  if (!known) return null;
  if (!plain) return <p class="panel-note">No alert matches this filter.</p>;
  if (filter.state !== "firing") {
    return <p class="panel-note">No alert is on record.</p>;
  }
  return (
    <EmptyState
      title="Nothing is wrong that a rule watches."
      why={
        <>
          An alert stands here from the moment its rule is broken until it is not.{" "}
          <a href={router.href("/alerts", { state: "resolved" })}>Resolved ones</a> stay on record.
          To raise one by hand:
        </>
      }
      command={`./cellphone alerts add ${namespaceFlag(namespace)}warning "index is 4 h old"`}
    />
  );
}
