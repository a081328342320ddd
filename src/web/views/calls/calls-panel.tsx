// An agent's newest calls through the gateway, in a few lines.

import { NO_CALL_FILTER } from "../../model/call-filter.ts";
import { formatSeconds } from "../../model/format.ts";
import { useApp } from "../../state/app.ts";
import { CallStatus } from "./call-table.tsx";
import { useCalls } from "./use-calls.ts";

const SHOWN = 6;

/** A panel beside the agent's work. */
export function CallsPanel({ agentId }: { readonly agentId: string }) {
  const { router } = useApp();
  const { calls, problem } = useCalls({ ...NO_CALL_FILTER, agent: agentId }, SHOWN);
  return (
    <section class="panel" aria-label="Calls" data-testid="calls-panel">
      <header class="section-head">
        <h2 class="panel-title">Calls</h2>
        {calls === undefined || calls.length === 0 ? null : (
          <a class="link" href={router.href("/calls", { agent: agentId })}>
            All of them
          </a>
        )}
      </header>
      {problem === undefined ? null : <p class="problem">{problem}</p>}
      {calls?.length === 0 ? (
        <p class="panel-note">It has called no service through the gateway.</p>
      ) : null}
      <ul class="short-list">
        {calls?.slice(0, SHOWN).map((call) => (
          <li key={call.id} class="short-line short-call">
            <CallStatus call={{ status: call.status, code: null }} />
            <a
              class="short-text mono"
              href={router.href("/calls", { agent: agentId, call: call.id })}
              title={`${call.method} ${call.path}`}
            >
              {call.method} {call.path}
            </a>
            <span class="short-end">{formatSeconds(call.durationMs / 1000)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
