// The fleet, grouped by kind, at the density its size asks for; T switches to the table.

import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { countShownStates } from "../../model/agent-state.ts";
import type { ShownState } from "../../model/agent-state.ts";
import { abnormalTiles, densityFor, groupFleet } from "../../model/fleet.ts";
import type { FleetGroup } from "../../model/fleet.ts";
import { plural } from "../../model/format.ts";
import type { AgentTile } from "../../model/wire.ts";
import { useApp } from "../../state/app.ts";
import { AgentTable } from "../agent/agent-table.tsx";
import { isTyping } from "../parts/keyboard.ts";
import { StateShape } from "../parts/state-mark.tsx";
import { AgentCell } from "./agent-cell.tsx";
import { HoverCard } from "./hover-card.tsx";
import { SelectionBar } from "./selection-bar.tsx";
import { useFleetPointer } from "./use-fleet-pointer.ts";

/** All agents of the namespace. */
export function Fleet({ agents }: { readonly agents: ReadonlyMap<string, AgentTile> }) {
  const [table, setTable] = useState(false);
  useEffect(() => {
    const toggle = (event: KeyboardEvent): void => {
      if (event.key.toLowerCase() !== "t" || isTyping(event)) return;
      setTable((shown) => !shown);
    };
    addEventListener("keydown", toggle);
    return () => removeEventListener("keydown", toggle);
  }, []);
  return (
    <section class="fleet" aria-labelledby="fleet-title" data-testid="fleet">
      <header class="fleet-header">
        <h2 id="fleet-title" class="section-title">
          Fleet
        </h2>
        <span class="fleet-total">{plural(agents.size, "agent")}</span>
        <Legend />
        <button
          type="button"
          class="button button-small"
          aria-pressed={table}
          aria-keyshortcuts="T"
          onClick={() => setTable(!table)}
        >
          {table ? "Tiles" : "Table"} <kbd>T</kbd>
        </button>
      </header>
      {table ? <AgentTable agents={agents} /> : <FleetGrid agents={agents} />}
    </section>
  );
}

/** The key to the grid: every shape with its word. */
function Legend() {
  const { live } = useApp();
  const usual: readonly ShownState[] = ["working", "waiting", "idle", "stuck", "down", "paused"];
  // Rare, and explained only where there is one.
  const counts = countShownStates(live.agents.value?.values() ?? []);
  const rare = (["quarantined", "left"] as const).filter((state) => counts[state] > 0);
  const states = [...usual, ...rare];
  return (
    <ul class="legend" aria-label="States">
      {states.map((state) => (
        <li key={state}>
          <StateShape state={state} />
          {state}
        </li>
      ))}
    </ul>
  );
}

function FleetGrid({ agents }: { readonly agents: ReadonlyMap<string, AgentTile> }) {
  const groups = useMemo(() => groupFleet(agents.values()), [agents]);
  const density = densityFor(agents.size);
  const pointer = useFleetPointer();
  const first = groups[0]?.tiles[0]?.id;
  return (
    <>
      <div
        ref={pointer.grid}
        class={`fleet-grid fleet-${density}`}
        role="group"
        aria-label="Agents; arrow keys move, Enter opens, drag selects"
        {...pointer.handlers}
      >
        {groups.map((group) => (
          <Group key={group.kind} group={group}>
            {density === "bars" ? <StateBar tiles={group.tiles} /> : null}
            <div class="cells">
              {(density === "bars" ? abnormalTiles(group.tiles) : group.tiles).map((tile) => (
                <AgentCell
                  key={tile.id}
                  tile={tile}
                  density={density}
                  selected={pointer.selected.has(tile.id)}
                  tabbable={tile.id === (pointer.focusedId ?? first)}
                />
              ))}
            </div>
          </Group>
        ))}
        {pointer.box === undefined ? null : <div class="selection-box" style={pointer.box} />}
      </div>
      {pointer.hovered === undefined ? null : <HoverCard {...pointer.hovered} />}
      <SelectionBar ids={[...pointer.selected]} onClear={pointer.clear} />
    </>
  );
}

function Group(props: { readonly group: FleetGroup; readonly children: ComponentChildren }) {
  const { group } = props;
  const counts = countShownStates(group.tiles);
  const loud = (["down", "stuck"] as const).filter((state) => counts[state] > 0);
  return (
    <section class="fleet-group" aria-label={group.kind}>
      <h3 class="group-title">
        {group.kind} <span class="group-count">{group.tiles.length}</span>
        {loud.map((state) => (
          <span key={state} class={`group-note state-${state}`}>
            {counts[state]} {state}
          </span>
        ))}
      </h3>
      {props.children}
    </section>
  );
}

/** One kind as one bar, its states in proportion. */
function StateBar({ tiles }: { readonly tiles: readonly AgentTile[] }) {
  const counts = countShownStates(tiles);
  const states: readonly ShownState[] = [
    "working",
    "waiting",
    "idle",
    "paused",
    "stuck",
    "down",
    "quarantined",
    "left",
  ];
  const present = states.filter((state) => counts[state] > 0);
  const words = present.map((state) => `${counts[state]} ${state}`).join(", ");
  return (
    <div class="state-bar-row">
      <div class="state-bar" role="img" aria-label={words}>
        {present.map((state) => (
          <i key={state} class={`band band-${state}`} style={{ flexGrow: counts[state] }} />
        ))}
      </div>
      <span class="state-bar-words">{words}</span>
    </div>
  );
}
