// One displayed state per agent: what the server sees, except that a paused agent shows as paused
// unless it is down, because a pause explains silence but not a missing process.

import type { AgentState, AgentTile, Cause } from "./wire.ts";

/** What a shape stands for. */
export type ShownState = AgentState | "paused";

/** All shown states, those that need a person first. */
export const SHOWN_STATES: readonly ShownState[] = [
  "down",
  "stuck",
  "waiting",
  "working",
  "paused",
  "idle",
];

/** The one state that a tile, row or header shows. */
export function shownState(agent: { readonly state: AgentState; readonly paused: boolean }) {
  const shown: ShownState = agent.paused && agent.state !== "down" ? "paused" : agent.state;
  return shown;
}

/** How many agents show each state. */
export function countShownStates(tiles: Iterable<AgentTile>): Readonly<Record<ShownState, number>> {
  const counts = { down: 0, stuck: 0, waiting: 0, working: 0, paused: 0, idle: 0 };
  for (const tile of tiles) counts[shownState(tile)] += 1;
  return counts;
}

/** The shape beside a cause: a cross for what is gone, a triangle for what does not move. */
export function causeShape(cause: Pick<Cause, "kind" | "level">): ShownState {
  if (cause.kind === "paused") return "paused";
  return cause.kind === "down" || cause.level === "critical" ? "down" : "stuck";
}
