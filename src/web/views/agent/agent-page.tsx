// One agent: what it does in words, its day, its work, and what one can do about it.

import { useState } from "preact/hooks";
import { runCommand } from "../../model/snippets.ts";
import type { AgentView } from "../../model/wire.ts";
import { useApp } from "../../state/app.ts";
import { useResource } from "../../state/use-resource.ts";
import { RecentCalls } from "../calls/recent-calls.tsx";
import { ConversationsOfAgent } from "../conversations/conversations-of-agent.tsx";
import { EmptyState } from "../parts/empty-state.tsx";
import { ProfilesTab } from "../profiles/profiles-tab.tsx";
import { AgentHeader } from "./agent-header.tsx";
import { LogTab } from "./log-tab.tsx";
import { MessageDialog } from "./message-dialog.tsx";
import { MetricsTab } from "./metrics-tab.tsx";
import { NowTab } from "./now-tab.tsx";
import { StateRibbon } from "./state-ribbon.tsx";

const TABS = ["Now", "Conversations", "Calls", "Metrics", "Profiles", "Log"] as const;
type Tab = (typeof TABS)[number];

const REFRESH_MS = 5000;

/** The page at /agents/:id. */
export function AgentPage({ agentId }: { readonly agentId: string }) {
  const { api, live, namespace } = useApp();
  const [writing, setWriting] = useState(false);
  const tile = live.agents.value?.get(agentId);
  const version = `${tile?.state} ${tile?.sinceMs} ${tile?.paused} ${tile?.quarantined} ${tile?.task} ${tile?.status}`;
  const path = `/api/v1/agents/${encodeURIComponent(agentId)}`;
  const key = `${path} ${version} ${live.connections.value}`;
  const { data, error } = useResource(key, (signal) => api.get<AgentView>(path, {}, signal), {
    refreshMs: REFRESH_MS,
  });
  if (error?.status === 404) {
    return (
      <main class="page">
        <h1 class="page-title">{agentId}</h1>
        <EmptyState
          title="No agent of this name is registered."
          why="It may have left and been forgotten, or it lives in another namespace. To start it:"
          command={runCommand(agentId, namespace)}
        />
      </main>
    );
  }
  if (data === undefined) {
    return (
      <main class="page" aria-busy="true">
        <h1 class="page-title">{agentId}</h1>
        {error === undefined ? null : <p class="problem">{error.message}</p>}
      </main>
    );
  }
  return (
    <main class="page">
      <AgentHeader agent={data} onMessage={() => setWriting(true)} />
      <StateRibbon agentId={agentId} version={version} />
      <AgentTabs agent={data} version={version} />
      {writing ? <MessageDialog agent={data} onClose={() => setWriting(false)} /> : null}
    </main>
  );
}

function AgentTabs({ agent, version }: { readonly agent: AgentView; readonly version: string }) {
  const { router } = useApp();
  const asked = router.query.value.get("tab");
  const tab: Tab = TABS.find((name) => name.toLowerCase() === asked) ?? "Now";
  const choose = (next: Tab): void =>
    router.setQuery({ tab: next === "Now" ? null : next.toLowerCase() }, true);
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    const next = TABS[(TABS.indexOf(tab) + step + TABS.length) % TABS.length];
    if (step === 0 || next === undefined) return;
    choose(next);
    document.getElementById(`tab-${next}`)?.focus();
  };
  return (
    <>
      <div class="tabs" role="tablist" aria-label="Parts of this page" onKeyDown={onKeyDown}>
        {TABS.map((name) => (
          <button
            key={name}
            id={`tab-${name}`}
            type="button"
            role="tab"
            aria-selected={name === tab}
            aria-controls="agent-tab"
            tabIndex={name === tab ? 0 : -1}
            onClick={() => choose(name)}
          >
            {name}
          </button>
        ))}
      </div>
      <div id="agent-tab" role="tabpanel" aria-labelledby={`tab-${tab}`}>
        {tab === "Now" ? <NowTab agent={agent} version={version} /> : null}
        {tab === "Conversations" ? <ConversationsOfAgent agentId={agent.id} /> : null}
        {tab === "Calls" ? (
          <RecentCalls filter={{ agent: agent.id }} hide="agent" rows={100} />
        ) : null}
        {tab === "Profiles" ? <ProfilesTab agentId={agent.id} /> : null}
        {tab === "Metrics" ? <MetricsTab agentId={agent.id} /> : null}
        {tab === "Log" ? <LogTab agentId={agent.id} /> : null}
      </div>
    </>
  );
}
