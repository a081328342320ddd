// What one would ask about an agent before opening it.

import { shownState } from "../../model/agent-state.ts";
import { capital } from "../../model/agent-words.ts";
import { costSince } from "../../model/format.ts";
import { useApp } from "../../state/app.ts";
import { Age } from "../parts/age.tsx";
import { StateShape } from "../parts/state-mark.tsx";
import type { Hovered } from "./use-fleet-pointer.ts";

const WIDTH_PX = 320;
const GAP_PX = 6;
const HEIGHT_GUESS_PX = 150;

/** A card beside a cell; out of the accessibility tree, because the cell's label says the same. */
export function HoverCard({ agentId, anchor }: Hovered) {
  const { live, nowMs } = useApp();
  const tile = live.agents.value?.get(agentId);
  if (tile === undefined) return null;
  const state = shownState(tile);
  const cost = costSince(tile.costUsd, tile.sinceMs, nowMs.peek());
  const left = Math.max(8, Math.min(anchor.left, innerWidth - WIDTH_PX - 8));
  const below = anchor.bottom + GAP_PX + HEIGHT_GUESS_PX < innerHeight;
  const place = below
    ? { top: `${anchor.bottom + GAP_PX}px` }
    : { bottom: `${innerHeight - anchor.top + GAP_PX}px` };
  return (
    <div
      class="popover hover-card"
      aria-hidden="true"
      style={{ ...place, left: `${left}px`, width: `${WIDTH_PX}px` }}
    >
      <p class="hover-name">
        {tile.name} <span>{tile.kind}</span>
      </p>
      <p class={`hover-state state-${state}`}>
        <StateShape state={state} />
        {capital(state)} <Age sinceMs={tile.sinceMs} />
      </p>
      <p class="hover-reason">{tile.reason}</p>
      <dl class="facts">
        {tile.task === null ? null : (
          <>
            <dt>holds</dt>
            <dd>
              {tile.task}
              {tile.taskSinceMs === null ? null : (
                <span class="dim">
                  {" "}
                  for <Age sinceMs={tile.taskSinceMs} />
                </span>
              )}
            </dd>
          </>
        )}
        <dt>says</dt>
        <dd>{tile.status}</dd>
        {cost === undefined ? null : (
          <>
            <dt>cost</dt>
            <dd>{cost} since then</dd>
          </>
        )}
      </dl>
    </div>
  );
}
