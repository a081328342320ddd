// Beside an agent's work: its inbox, whom it waits for, its process, its last words.

import type { ComponentChildren } from "preact";
import { formatAge, formatBytes } from "../../model/format.ts";
import { agentPath } from "../../model/routes.ts";
import type { AgentView, MessagePriority } from "../../model/wire.ts";
import { useApp } from "../../state/app.ts";
import { useResource } from "../../state/use-resource.ts";
import { AlertsPanel } from "../alerts/alerts-panel.tsx";
import { CallsPanel } from "../calls/calls-panel.tsx";
import { Age } from "../parts/age.tsx";
import { ReadProblem } from "../parts/read-problem.tsx";
import { LogLines } from "./log-tab.tsx";
import type { LogLine } from "./log-tab.tsx";

const LANES: readonly MessagePriority[] = ["urgent", "high", "normal", "low"];
const LAST_LINES = 8;

/** The right column of an agent's page. */
export function AgentAside({ agent }: { readonly agent: AgentView }) {
  return (
    <aside class="column">
      <InboxPanel agent={agent} />
      <WaitsPanel agent={agent} />
      <CallsPanel agentId={agent.id} />
      <AlertsPanel
        query={{ agentId: agent.id, limit: 5 }}
        about={({ agentIds }) => agentIds.includes(agent.id)}
        none="No alert names this agent."
      />
      <SignsPanel agent={agent} />
      <LastLogPanel agentId={agent.id} />
    </aside>
  );
}

function Panel(props: { readonly title: string; readonly children: ComponentChildren }) {
  return (
    <section class="panel" aria-label={props.title}>
      <h2 class="panel-title">{props.title}</h2>
      {props.children}
    </section>
  );
}

function InboxPanel({ agent }: { readonly agent: AgentView }) {
  const { mailbox } = agent;
  const ready = LANES.reduce((sum, lane) => sum + mailbox.ready[lane], 0);
  return (
    <Panel title="Inbox">
      <dl class="lanes">
        {LANES.map((lane) => (
          <div key={lane} class={mailbox.ready[lane] === 0 ? "lane lane-empty" : "lane"}>
            <dd>{mailbox.ready[lane]}</dd>
            <dt>{lane}</dt>
          </div>
        ))}
      </dl>
      <p class="panel-note">
        {ready === 0 ? "Nothing waits to be claimed" : `${ready} to be claimed`}
        {mailbox.oldestReadyAtMs === null ? null : (
          <>
            , the oldest for <Age sinceMs={mailbox.oldestReadyAtMs} />
          </>
        )}
        . {mailbox.leased} in work, {mailbox.delayed} to be retried.
      </p>
    </Panel>
  );
}

function WaitsPanel({ agent }: { readonly agent: AgentView }) {
  const { router } = useApp();
  const { waitsOn, cycle, holds } = agent.presence;
  return (
    <Panel title="Waits and holds">
      {waitsOn.length === 0 ? <p class="panel-note">It waits on nobody.</p> : null}
      <ul class="plain-list">
        {waitsOn.map((edge) => (
          <li key={edge.messageId}>
            waits on <a href={router.href(agentPath(edge.agentId))}>{edge.agentId}</a>
            <span class="dim">
              {" "}
              for <Age sinceMs={edge.sinceMs} />
            </span>
          </li>
        ))}
        {holds.map((held) => (
          <li key={held.id}>
            holds “{held.title}”
            <span class="dim">
              {" "}
              for <Age sinceMs={held.sinceMs} />
            </span>
          </li>
        ))}
      </ul>
      {cycle.length === 0 ? null : (
        <p class="cycle state-stuck">Circle: {[...cycle, cycle[0]].join(" → ")}</p>
      )}
    </Panel>
  );
}

function SignsPanel({ agent }: { readonly agent: AgentView }) {
  const { nowMs } = useApp();
  const { lastHeartbeatAtMs, lastOutputAtMs, process, exitCode } = agent.presence;
  const ago = (atMs: number | null): string =>
    atMs === null ? "never" : `${formatAge(nowMs.value - atMs)} ago`;
  return (
    <Panel title="Signs of life">
      <dl class="facts">
        <dt>heartbeat</dt>
        <dd>{ago(lastHeartbeatAtMs)}</dd>
        <dt>output</dt>
        <dd>{ago(lastOutputAtMs)}</dd>
        {process === null ? null : (
          <>
            <dt>process</dt>
            <dd>
              {process.cpuPercent.toFixed(0)}% CPU, {formatBytes(process.memoryBytes)},{" "}
              {process.processes} {process.processes === 1 ? "process" : "processes"}
            </dd>
          </>
        )}
        {exitCode === null ? null : (
          <>
            <dt>exit code</dt>
            <dd>{exitCode}</dd>
          </>
        )}
      </dl>
    </Panel>
  );
}

function LastLogPanel({ agentId }: { readonly agentId: string }) {
  const { api } = useApp();
  const path = `/api/v1/agents/${encodeURIComponent(agentId)}/log`;
  const read = useResource(
    path,
    (signal) => api.get<{ lines: LogLine[] }>(path, { limit: LAST_LINES }, signal),
    { refreshMs: 5000 },
  );
  const lines = read.data?.lines;
  return (
    <Panel title="Last log lines">
      <ReadProblem resource={read} />
      {lines?.length === 0 ? (
        <p class="panel-note">None came yet. Agents under ./cellphone run send theirs.</p>
      ) : null}
      {lines === undefined ? null : <LogLines lines={lines.slice(-LAST_LINES)} short />}
    </Panel>
  );
}
