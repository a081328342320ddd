// Who this is and what is going on, in words; and the verbs.

import { useState } from "preact/hooks";
import { stateWords } from "../../model/agent-words.ts";
import type { AgentView } from "../../model/wire.ts";
import { useApp } from "../../state/app.ts";
import { QuarantineDialog } from "./quarantine-dialog.tsx";
import { ConfirmButton } from "../parts/confirm-button.tsx";
import { StateShape } from "../parts/state-mark.tsx";

/** An agent and what its Message button does. */
export interface AgentHeaderProps {
  readonly agent: AgentView;
  readonly onMessage: () => void;
}

/** The head of an agent's page. */
export function AgentHeader({ agent, onMessage }: AgentHeaderProps) {
  const { actions, nowMs, router } = useApp();
  const [quarantining, setQuarantining] = useState(false);
  const words = stateWords(agent, nowMs.value);
  const paused = agent.paused !== null;
  const barred = agent.quarantined !== null;
  return (
    <header class="agent-header">
      <div class="agent-id">
        <h1 class="page-title">{agent.name}</h1>
        <p class={`agent-words state-${words.state}`} data-testid="agent-words">
          <StateShape state={words.state} />
          <strong>{words.lead}</strong>
          {words.reason === "" ? null : <span class="agent-reason">{words.reason}</span>}
        </p>
        <AgentFacts agent={agent} />
      </div>
      <div class="agent-verbs">
        {barred ? (
          <button
            type="button"
            class="button button-primary"
            onClick={() => void actions.release([agent.id])}
          >
            Release
          </button>
        ) : (
          <>
            <button
              type="button"
              class="button"
              onClick={() => void (paused ? actions.resume([agent.id]) : actions.pause([agent.id]))}
            >
              {paused ? "Resume" : "Pause"}
            </button>
            <button type="button" class="button" onClick={() => setQuarantining(true)}>
              Quarantine
            </button>
          </>
        )}
        <button
          type="button"
          class="button"
          onClick={() => router.setQuery({ tab: "profiles" }, true)}
        >
          Profile
        </button>
        <ConfirmButton
          label="Restart"
          question="Restart now?"
          onConfirm={() => void actions.restart([agent.id])}
        />
        <button
          type="button"
          class={barred ? "button" : "button button-primary"}
          onClick={onMessage}
        >
          Message
        </button>
      </div>
      {quarantining ? (
        <QuarantineDialog agent={agent} onClose={() => setQuarantining(false)} />
      ) : null}
    </header>
  );
}

function AgentFacts({ agent }: { readonly agent: AgentView }) {
  const { instance } = agent;
  const model = agent.metadata["model"];
  const pid = instance?.pid === undefined ? undefined : `pid ${instance.pid}`;
  const facts: readonly (readonly [string, string | undefined])[] = [
    ["kind", agent.kind],
    ["version", agent.version ?? undefined],
    ["host", [instance?.host, pid].filter(Boolean).join(", ") || undefined],
    ["runtime", instance?.runtime],
    ["model", typeof model === "string" ? model : undefined],
    ["says", agent.status],
    ["can", agent.capabilities.length === 0 ? undefined : agent.capabilities.join(", ")],
  ];
  return (
    <dl class="inline-facts">
      {facts.map(([label, value]) =>
        value === undefined ? null : (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ),
      )}
    </dl>
  );
}
