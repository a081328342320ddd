// One displayed state per agent: what the server sees, except that a paused agent shows as paused
// unless it is down, because a pause explains silence but not a missing process. A quarantine is
// a person's verdict and shows whatever the process does. Who ended well has left and is not down.

import type { AgentState, AgentTile, Cause } from "./wire.ts";

/** What a shape stands for. */
export type ShownState = AgentState | "paused" | "quarantined" | "left";

/** All shown states, those that need a person first. */
export const SHOWN_STATES: readonly ShownState[] = [
  "down",
  "stuck",
  "quarantined",
  "waiting",
  "working",
  "paused",
  "idle",
  "left",
];

/** The one state that a tile, row or header shows. */
export function shownState(
  agent: Readonly<Pick<AgentTile, "state" | "left" | "paused" | "quarantined">>,
): ShownState {
  if (agent.quarantined) return "quarantined";
  if (agent.left) return "left";
  return agent.paused && agent.state !== "down" ? "paused" : agent.state;
}

/** How many agents show each state. */
export function countShownStates(tiles: Iterable<AgentTile>): Readonly<Record<ShownState, number>> {
  const counts = {
    down: 0,
    stuck: 0,
    quarantined: 0,
    waiting: 0,
    working: 0,
    paused: 0,
    idle: 0,
    left: 0,
  };
  for (const tile of tiles) counts[shownState(tile)] += 1;
  return counts;
}

/**
 * The shape beside a cause: a cross for what is gone or fails, a triangle for what does not move
 * or is slow.
 */
export function causeShape(cause: Pick<Cause, "kind" | "level">): ShownState {
  if (cause.kind === "paused" || cause.kind === "quarantined") return cause.kind;
  if (cause.kind === "stuck" || cause.kind === "deadlock") return "stuck";
  const gone = cause.kind === "down" || cause.level === "critical" || cause.level === "error";
  return gone ? "down" : "stuck";
}
