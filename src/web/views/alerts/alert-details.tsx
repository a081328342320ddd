// One alert in full: what was measured, its life from raised to resolved, where to look, and what
// to do about it.

import { lifeCycle, thresholdWords } from "../../model/alert-words.ts";
import { agentPath, tracePath } from "../../model/routes.ts";
import type { Alert } from "../../model/wire.ts";
import { useApp } from "../../state/app.ts";
import { Clock } from "../parts/age.tsx";
import { Icon } from "../parts/icons.tsx";
import { LevelMark } from "../parts/level-mark.tsx";
import { Source } from "./alert-table.tsx";
import { useAlertRules } from "./use-alerts.ts";

/** An alert and its verbs. */
export interface AlertDetailsProps {
  readonly alert: Alert;
  readonly onAcknowledge: () => void;
  readonly onResolve: () => void;
  readonly onClose: () => void;
}

const AGENTS_SHOWN = 8;

/** The panel beside the table. */
export function AlertDetails({ alert, onAcknowledge, onResolve, onClose }: AlertDetailsProps) {
  const { alertActions } = useApp();
  const firing = alert.state === "firing";
  return (
    <aside class="panel details-panel" aria-label="Alert" data-testid="alert-details">
      <header class="details-head">
        <LevelMark level={alert.level} over={!firing} />
        <span class="dim">{firing ? "firing" : "resolved"}</span>
        <button type="button" class="button button-quiet button-small" onClick={onClose}>
          <Icon name="close" />
          <span class="visually-hidden">Close details</span>
        </button>
      </header>
      <h2 class="details-title">{alert.message}</h2>
      {firing ? (
        <div class="details-verbs">
          {alert.acknowledged === null ? (
            <button type="button" class="button button-primary" onClick={onAcknowledge}>
              Acknowledge
            </button>
          ) : (
            <button
              type="button"
              class="button"
              onClick={() => void alertActions.unacknowledge(alert.id)}
            >
              Give back
            </button>
          )}
          <button type="button" class="button" onClick={onResolve}>
            Resolve
          </button>
        </div>
      ) : null}
      <LifeLine alert={alert} />
      <Facts alert={alert} />
    </aside>
  );
}

function LifeLine({ alert }: { readonly alert: Alert }) {
  return (
    <ol class="life" aria-label="What became of it">
      {lifeCycle(alert).map((step) => (
        <li key={step.kind} class={`life-step life-${step.kind}`}>
          <i class="life-dot" aria-hidden="true" />
          <span class="life-words">
            <span>{step.words}</span>
            {step.note === "" ? null : <span class="life-note">{step.note}</span>}
          </span>
          {step.atMs === null ? null : <Clock atMs={step.atMs} />}
        </li>
      ))}
    </ol>
  );
}

function Facts({ alert }: { readonly alert: Alert }) {
  const { router } = useApp();
  const unit = useAlertRules().data?.find(({ id }) => id === alert.rule)?.unit ?? null;
  const context = Object.entries(alert.context);
  const labels = Object.entries(alert.labels);
  return (
    <dl class="facts">
      <dt>about</dt>
      <dd>
        <Source source={alert.source} />
      </dd>
      {alert.value === null ? null : (
        <>
          <dt>measured</dt>
          <dd>
            {thresholdWords(alert.value, unit)}
            {alert.threshold === null ? "" : `, fires at ${thresholdWords(alert.threshold, unit)}`}
          </dd>
        </>
      )}
      {alert.agentIds.length === 0 ? null : (
        <>
          <dt>agents</dt>
          <dd class="fact-links">
            {alert.agentIds.slice(0, AGENTS_SHOWN).map((id) => (
              <a key={id} href={router.href(agentPath(id))}>
                {id}
              </a>
            ))}
            {alert.agentIds.length > AGENTS_SHOWN
              ? `and ${alert.agentIds.length - AGENTS_SHOWN} more`
              : null}
          </dd>
        </>
      )}
      {alert.traceId === null ? null : (
        <>
          <dt>trace</dt>
          <dd>
            <a class="mono" href={router.href(tracePath(alert.traceId))}>
              {alert.traceId.slice(0, 16)}…
            </a>
          </dd>
        </>
      )}
      {[...labels, ...context].map(([name, value], index) => (
        <FactRow key={`${index} ${name}`} name={name} value={value} />
      ))}
      <dt>rule</dt>
      <dd class="mono">{alert.rule}</dd>
    </dl>
  );
}

function FactRow({ name, value }: { readonly name: string; readonly value: unknown }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{typeof value === "string" ? value : JSON.stringify(value)}</dd>
    </>
  );
}
