// One agent in the grid: a tile, a chip or a square; always a link with its words.

import { Component } from "preact";
import { shownState } from "../../model/agent-state.ts";
import { splitName } from "../../model/fleet.ts";
import type { Density } from "../../model/fleet.ts";
import { agentPath } from "../../model/routes.ts";
import type { AgentTile } from "../../model/wire.ts";
import { Age } from "../parts/age.tsx";
import { StateShape } from "../parts/state-mark.tsx";

/** What a cell shows. */
export interface AgentCellProps {
  readonly tile: AgentTile;
  readonly density: Density;
  readonly selected: boolean;
  /** Exactly one cell of the grid is in the tab order; arrows do the rest. */
  readonly tabbable: boolean;
}

/** Redrawn only when its own agent changes: a fleet of a thousand changes a few at a time. */
export class AgentCell extends Component<AgentCellProps> {
  override shouldComponentUpdate(next: AgentCellProps): boolean {
    const { tile, density, selected, tabbable } = this.props;
    return (
      next.tile !== tile ||
      next.density !== density ||
      next.selected !== selected ||
      next.tabbable !== tabbable
    );
  }

  override render({ tile, density, selected, tabbable }: AgentCellProps) {
    const state = shownState(tile);
    return (
      <a
        href={`${agentPath(tile.id)}${location.search}`}
        class={`cell cell-${state}${selected ? " cell-selected" : ""}`}
        data-agent={tile.id}
        data-state={state}
        data-testid="tile"
        draggable={false}
        tabIndex={tabbable ? 0 : -1}
        aria-label={density === "tiles" ? undefined : cellWords(tile)}
      >
        {density === "tiles" ? <TileBody tile={tile} /> : null}
        {density === "chips" ? <ChipBody tile={tile} /> : null}
        {density === "squares" || density === "bars" ? <StateShape state={state} /> : null}
      </a>
    );
  }
}

function cellWords(tile: AgentTile): string {
  const state = shownState(tile);
  const task = tile.task === null ? "" : `, ${tile.task}`;
  const reason = state === "stuck" || state === "down" ? `, ${tile.reason}` : "";
  return `${tile.name}, ${state}${task}${reason}`;
}

/** What a tile says only by its shape, or not at all. */
function unseenWords(tile: AgentTile): string {
  const state = shownState(tile);
  if (state === "working") return state;
  return state === "stuck" || state === "down" ? tile.reason : "";
}

function TileBody({ tile }: { readonly tile: AgentTile }) {
  const state = shownState(tile);
  return (
    <>
      <span class="cell-head">
        <StateShape state={state} />
        <CellName name={tile.name} />
      </span>
      <span class="cell-foot">
        <span class="cell-task">
          {state === "working" && tile.task !== null ? tile.task : state}
        </span>
        <Age sinceMs={tile.sinceMs} />
      </span>
      <span class="visually-hidden">{unseenWords(tile)}</span>
    </>
  );
}

function ChipBody({ tile }: { readonly tile: AgentTile }) {
  return (
    <>
      <StateShape state={shownState(tile)} />
      <CellName name={tile.name} />
    </>
  );
}

function CellName({ name }: { readonly name: string }) {
  const { head, tail } = splitName(name);
  return (
    <span class="cell-name">
      <span>{head}</span>
      {tail}
    </span>
  );
}
