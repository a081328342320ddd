// One row per cause, worst first, each with its reason and what to do about it.

import { useState } from "preact/hooks";
import { causeShape, shownState } from "../../model/agent-state.ts";
import { eventWords } from "../../model/event-words.ts";
import { costSince } from "../../model/format.ts";
import { agentPath, alertPath, servicePath } from "../../model/routes.ts";
import type { Cause, CauseAction } from "../../model/wire.ts";
import { useApp } from "../../state/app.ts";
import { AcknowledgeDialog } from "../alerts/alert-dialogs.tsx";
import { Age, Clock } from "../parts/age.tsx";
import { ConfirmButton } from "../parts/confirm-button.tsx";
import { StateShape } from "../parts/state-mark.tsx";

/** Rows shown before "more". */
const ROWS_MAX = 6;

/** Agents named in the link of a cause; a longer address would be refused somewhere. */
const LINKED_MAX = 200;

/** The panel of causes; quiet when there are none. */
export function NeedsYou({ causes }: { readonly causes: readonly Cause[] }) {
  const [all, setAll] = useState(false);
  const shown = all ? causes : causes.slice(0, ROWS_MAX);
  const hidden = causes.length - shown.length;
  const well = causes.every((cause) => cause.level === "info" || cause.acknowledged !== null);
  const [acknowledging, setAcknowledging] = useState<Cause | null>(null);
  return (
    <section class="panel needs-you" aria-labelledby="needs-you" data-testid="needs-you">
      <h2 id="needs-you" class="panel-title">
        Needs you
      </h2>
      {well ? <p class="panel-note">Nothing needs you.</p> : null}
      <ul class="causes">
        {shown.map((cause) => (
          <CauseRow key={cause.id} cause={cause} onAcknowledge={() => setAcknowledging(cause)} />
        ))}
      </ul>
      {well ? <SolvedLast /> : null}
      {hidden > 0 ? (
        <button type="button" class="button button-quiet more" onClick={() => setAll(true)}>
          Show {hidden} more
        </button>
      ) : null}
      {acknowledging?.alertId == null ? null : (
        <AcknowledgeDialog
          alertId={acknowledging.alertId}
          message={acknowledging.text}
          onClose={() => setAcknowledging(null)}
        />
      )}
    </section>
  );
}

/** What was solved last keeps the panel useful when there is nothing to do. */
function SolvedLast() {
  const { live } = useApp();
  const solved = live.events.value.filter((event) => event.kind === "cause_resolved").slice(0, 3);
  if (solved.length === 0) {
    return (
      <p class="dim">
        Agents that are stuck or down and services that fail will stand here, with the reason.
      </p>
    );
  }
  return (
    <ul class="solved" aria-label="Solved last">
      {solved.map((event) => (
        <li key={event.id}>
          <Clock atMs={event.atMs} />
          <span>{eventWords(event)}</span>
        </li>
      ))}
    </ul>
  );
}

interface CauseRowProps {
  readonly cause: Cause;
  readonly onAcknowledge: () => void;
}

function CauseRow({ cause, onAcknowledge }: CauseRowProps) {
  const { nowMs } = useApp();
  const taken = cause.acknowledged;
  return (
    <li
      class={`cause cause-${cause.level}${taken === null ? "" : " cause-taken"}`}
      id={`cause-${cause.id}`}
      data-testid="cause"
      data-cause-kind={cause.kind}
    >
      <StateShape state={causeShape(cause)} />
      <span class="cause-text" title={cause.text}>
        <span class="visually-hidden">{cause.level}: </span>
        {cause.text}
        {taken === null ? null : (
          <span class="cause-owner" title={taken.note}>
            {taken.owner} has it{taken.note === "" ? "" : `: ${taken.note}`}
          </span>
        )}
      </span>
      <span class="cause-since">
        <Age sinceMs={cause.sinceMs} />
      </span>
      <span class="cause-cost">{costSince(cause.costUsd, cause.sinceMs, nowMs.peek()) ?? ""}</span>
      <span class="cause-actions">
        {orderActions(cause.actions).map((action) =>
          action.kind === "acknowledge" ? (
            <AcknowledgeButton key={action.kind} cause={cause} onAcknowledge={onAcknowledge} />
          ) : (
            <CauseButton key={action.kind} cause={cause} action={action} />
          ),
        )}
        {cause.kind === "dead_letters" ? <ConversationsLink query={{ show: "dead" }} /> : null}
        {cause.kind === "operator_mail" ? <ConversationsLink query={{}} /> : null}
        <AlertLink cause={cause} />
      </span>
    </li>
  );
}

/** The same verbs stand at the same place in every row; Open comes last. */
const ACTION_ORDER: readonly CauseAction["kind"][] = [
  "acknowledge",
  "release",
  "resume",
  "restart",
  "pause",
  "open",
  "open_service",
];

function orderActions(actions: readonly CauseAction[]): readonly CauseAction[] {
  return actions.toSorted((a, b) => ACTION_ORDER.indexOf(a.kind) - ACTION_ORDER.indexOf(b.kind));
}

/** Nothing to acknowledge before its alert fires, or after somebody took it on. */
function AcknowledgeButton({ cause, onAcknowledge }: CauseRowProps) {
  if (cause.alertId === null || cause.acknowledged !== null) return null;
  return (
    <button type="button" class="button button-small" onClick={onAcknowledge}>
      Acknowledge
    </button>
  );
}

/** The alert's own page, where nothing else can be opened. */
function AlertLink({ cause }: { readonly cause: Cause }) {
  const { router } = useApp();
  const opens = cause.actions.some(({ kind }) => kind === "open" || kind === "open_service");
  const inConversations = cause.kind === "dead_letters" || cause.kind === "operator_mail";
  if (cause.alertId === null || opens || inConversations) return null;
  return (
    <a class="button button-small" href={router.href(alertPath(cause.alertId))}>
      Open
    </a>
  );
}

function ConversationsLink({ query }: { readonly query: Readonly<Record<string, string>> }) {
  const { router } = useApp();
  return (
    <a class="button button-small" href={router.href("/conversations", query)}>
      Open
    </a>
  );
}

function CauseButton(props: { readonly cause: Cause; readonly action: CauseAction }) {
  const { actions, live, router } = useApp();
  const { cause, action } = props;
  const fleet = live.agents.value;
  const ids = action.agentIds;
  if (action.kind === "open") {
    const [first] = ids;
    // Two who wait on each other are best understood from one of them.
    const single = ids.length === 1 || cause.kind === "deadlock";
    const href =
      single && first !== undefined
        ? router.href(agentPath(first))
        : router.href("/agents", { only: ids.slice(0, LINKED_MAX).join(",") });
    return (
      <a class="button button-small" href={href}>
        Open
      </a>
    );
  }
  if (action.kind === "open_service" && action.serviceId !== undefined) {
    return (
      <a class="button button-small" href={router.href(servicePath(action.serviceId))}>
        Open
      </a>
    );
  }
  if (action.kind === "release") {
    return (
      <button type="button" class="button button-small" onClick={() => void actions.release(ids)}>
        Release
      </button>
    );
  }
  if (action.kind === "restart") {
    const question = ids.length === 1 ? "Restart now?" : `Restart ${ids.length}?`;
    const restart = (): void => void actions.restart(ids);
    return <ConfirmButton small label="Restart" question={question} onConfirm={restart} />;
  }
  const isPaused = (id: string): boolean => {
    const tile = fleet?.get(id);
    return tile !== undefined && shownState(tile) === "paused";
  };
  const resume = action.kind === "resume" || (ids.length > 0 && ids.every(isPaused));
  return (
    <button
      type="button"
      class="button button-small"
      onClick={() => void (resume ? actions.resume(ids) : actions.pause(ids))}
    >
      {resume ? "Resume" : "Pause"}
    </button>
  );
}
