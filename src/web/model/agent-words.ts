// An agent's situation as a sentence: "Stuck 14 min: waits on planner since 12:04".

import { shownState } from "./agent-state.ts";
import type { ShownState } from "./agent-state.ts";
import { formatAge, formatTime } from "./format.ts";
import type { AgentView } from "./wire.ts";

/** What is true now, since when, and why. */
export interface StateWords {
  readonly state: ShownState;
  /** "Stuck 14 min". */
  readonly lead: string;
  /** "waits on planner since 12:04"; empty when there is nothing to add. */
  readonly reason: string;
}

/** The header of an agent's page. */
export function stateWords(agent: AgentView, nowMs: number): StateWords {
  const { presence, paused, quarantined } = agent;
  const state = shownState({
    state: presence.state,
    left: presence.left,
    paused: paused !== null,
    quarantined: quarantined !== null,
  });
  const hold = state === "quarantined" ? quarantined : state === "paused" ? paused : null;
  const lead = `${capital(state)} ${formatAge(nowMs - (hold ?? presence).sinceMs)}`;
  if (hold === null) return { state, lead, reason: presence.reason };
  const why = hold.reason === "" ? "" : `: ${hold.reason}`;
  return { state, lead, reason: `by ${hold.by} at ${formatTime(hold.sinceMs, nowMs)}${why}` };
}

/** First letter in upper case. */
export function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
