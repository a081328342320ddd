// Every agent in one table, with a filter.

import { useState } from "preact/hooks";
import { SHOWN_STATES, countShownStates, shownState } from "../../model/agent-state.ts";
import type { ShownState } from "../../model/agent-state.ts";
import { plural } from "../../model/format.ts";
import { runCommand } from "../../model/snippets.ts";
import type { AgentTile } from "../../model/wire.ts";
import { useApp } from "../../state/app.ts";
import { EmptyState } from "../parts/empty-state.tsx";
import { StateShape } from "../parts/state-mark.tsx";
import { AgentTable } from "./agent-table.tsx";

/** The page at /agents. */
export function AgentsPage() {
  const { live, namespace, router } = useApp();
  const [text, setText] = useState("");
  const [state, setState] = useState<ShownState | undefined>(undefined);
  const agents = live.agents.value;
  const only = router.query.value.get("only")?.split(",");
  if (agents === null) return <main class="page" aria-busy="true" />;
  const within = [...agents.values()].filter(
    (tile) => only === undefined || only.includes(tile.id),
  );
  const shown = within.filter((tile) => matches(tile, text, state));
  return (
    <main class="page">
      <h1 class="page-title">Agents</h1>
      {agents.size === 0 ? (
        <EmptyState
          title="Every agent of this namespace stands here."
          why="None has joined yet. This starts a program as an agent named worker-1:"
          command={runCommand("worker-1", namespace)}
        />
      ) : (
        <>
          <div class="filters">
            <input
              class="input"
              type="search"
              aria-label="Filter by name, kind or task"
              placeholder="Name, kind or task"
              value={text}
              onInput={(event) => setText(event.currentTarget.value)}
            />
            <StateFilter tiles={within} chosen={state} onChoose={setState} />
            {only === undefined ? null : (
              <button
                type="button"
                class="button button-small"
                onClick={() => router.setQuery({ only: null })}
              >
                Only {plural(within.length, "agent")} of a cause · show all
              </button>
            )}
          </div>
          {shown.length === 0 ? (
            <p class="panel-note">No agent matches this filter.</p>
          ) : (
            <AgentTable agents={new Map(shown.map((tile) => [tile.id, tile]))} />
          )}
        </>
      )}
    </main>
  );
}

function matches(tile: AgentTile, text: string, state: ShownState | undefined): boolean {
  if (state !== undefined && shownState(tile) !== state) return false;
  const haystack = `${tile.name} ${tile.kind} ${tile.task ?? ""}`.toLowerCase();
  return text
    .toLowerCase()
    .split(/\s+/u)
    .every((word) => haystack.includes(word));
}

interface StateFilterProps {
  readonly tiles: readonly AgentTile[];
  readonly chosen: ShownState | undefined;
  readonly onChoose: (state: ShownState | undefined) => void;
}

function StateFilter({ tiles, chosen, onChoose }: StateFilterProps) {
  const counts = countShownStates(tiles);
  return (
    <div class="chips" role="group" aria-label="Filter by state">
      {SHOWN_STATES.filter((state) => counts[state] > 0 || state === chosen).map((state) => (
        <button
          key={state}
          type="button"
          class="chip"
          aria-pressed={state === chosen}
          onClick={() => onChoose(state === chosen ? undefined : state)}
        >
          <StateShape state={state} />
          {counts[state]} {state}
        </button>
      ))}
    </div>
  );
}
