// An agent's situation as a sentence: "Stuck 14 min: waits on planner since 12:04".

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
  const { presence, paused } = agent;
  const state: ShownState =
    paused !== null && presence.state !== "down" ? "paused" : presence.state;
  const sinceMs = state === "paused" && paused !== null ? paused.sinceMs : presence.sinceMs;
  const lead = `${capital(state)} ${formatAge(nowMs - sinceMs)}`;
  if (state === "paused" && paused !== null) {
    const why = paused.reason === "" ? "" : `: ${paused.reason}`;
    return { state, lead, reason: `by ${paused.by} at ${formatTime(paused.sinceMs, nowMs)}${why}` };
  }
  return { state, lead, reason: presence.reason };
}

/** First letter in upper case. */
export function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
