// What we say about an agent, from what we know of it: one pure function, so that the page, the
// store and the alerts cannot disagree. Durations and instants without `At` are monotonic.

import { formatDuration } from "../core/index.ts";
import { AgentState } from "./model.ts";
import type { AgentStatus } from "./model.ts";

/** What a judgement rests on. */
export interface PresenceFacts {
  readonly status: AgentStatus;
  /** How it is held back, if it is. */
  readonly hold: "paused" | "quarantined" | null;
  readonly expectsLife: boolean;
  /** Since the last sign of life. */
  readonly silentMs: number;
  readonly exitCode: number | null;
  readonly left: boolean;
  /** Titles of the work in hand, oldest first. */
  readonly holds: readonly string[];
  /** Active time since the last output, or since it took the work, whichever is later. */
  readonly withoutOutputMs: number;
  /** Longest time without output that its work allows. */
  readonly expectMs: number;
  /** Active time for which ready mail has waited without a claim; 0 when none waits. */
  readonly unattendedMs: number;
  readonly mailWaiting: number;
  /** A task that waits for a person's input. */
  readonly needsInput: string | null;
  readonly waitsOn: readonly { readonly agentId: string; readonly forMs: number }[];
  /** The circle it is part of, starting with itself. */
  readonly cycle: readonly string[];
}

/** The times that decide. */
export interface PresenceThresholds {
  readonly heartbeatIntervalMs: number;
  readonly stuckAfterMs: number;
}

/** A judgement, and how soon it could change by time alone. */
export interface Verdict {
  readonly state: AgentState;
  readonly reason: string;
  /** Infinity when only an event can change it. */
  readonly changesInMs: number;
  /** Down because it ended well, with nothing left behind. */
  readonly left: boolean;
}

/** Heartbeats that may be missed before an agent is down. */
export const HEARTBEATS_MISSED = 3;

/** Judges an agent. The first rule that applies decides. */
export function judgePresence(facts: PresenceFacts, times: PresenceThresholds): Verdict {
  const downAfterMs = HEARTBEATS_MISSED * times.heartbeatIntervalMs;
  const gone = goneReason(facts, downAfterMs);
  if (gone !== undefined) {
    return { state: AgentState.Down, reason: gone, changesInMs: Infinity, left: hasLeft(facts) };
  }
  const lifeLeftMs = facts.expectsLife ? downAfterMs - facts.silentMs : Infinity;
  if (facts.cycle.length > 0) {
    const reason = cycleReason(facts.cycle);
    return { state: AgentState.Stuck, reason, changesInMs: lifeLeftMs, left: false };
  }
  const alive = judgeAlive(facts, times);
  return { ...alive, changesInMs: Math.min(alive.changesInMs, lifeLeftMs), left: false };
}

/** An agent that said goodbye and left nothing behind is nobody's problem. */
function hasLeft({ status, exitCode, mailWaiting, holds }: PresenceFacts): boolean {
  const endedWell = status === "offline" && (exitCode ?? 0) === 0;
  return endedWell && mailWaiting === 0 && holds.length === 0;
}

function goneReason(facts: PresenceFacts, downAfterMs: number): string | undefined {
  if (facts.exitCode !== null) return `its process ended with exit code ${facts.exitCode}`;
  if (facts.left) return "it left";
  if (facts.status === "offline") return "it says it is offline";
  if (!facts.expectsLife || facts.silentMs < downAfterMs) return undefined;
  return `no sign of life for ${formatDuration(facts.silentMs)}`;
}

type LiveVerdict = Omit<Verdict, "left">;

function judgeAlive(facts: PresenceFacts, times: PresenceThresholds): LiveVerdict {
  const { holds, waitsOn } = facts;
  if (waitsOn.length > 0) {
    return { state: AgentState.Waiting, reason: waitReason(waitsOn), changesInMs: Infinity };
  }
  if (facts.needsInput !== null) {
    const reason = `waits for input on "${facts.needsInput}"`;
    return { state: AgentState.Waiting, reason, changesInMs: Infinity };
  }
  if (holds.length > 0) return judgeHolding(facts, times);
  if (facts.mailWaiting > 0) return judgeUnattended(facts, times);
  const reason = `${holdWords(facts)}holds nothing`;
  return { state: AgentState.Idle, reason, changesInMs: Infinity };
}

function judgeHolding(facts: PresenceFacts, times: PresenceThresholds): LiveVerdict {
  const work = workWords(facts.holds);
  const allowedMs = Math.max(times.stuckAfterMs, facts.expectMs);
  const silence = formatDuration(facts.withoutOutputMs);
  if (facts.hold === null && facts.withoutOutputMs >= allowedMs) {
    const reason = `no output for ${silence} while it holds ${work}`;
    return { state: AgentState.Stuck, reason, changesInMs: Infinity };
  }
  const changesInMs = facts.hold !== null ? Infinity : allowedMs - facts.withoutOutputMs;
  const reason = `${holdWords(facts)}holds ${work}, quiet for ${silence}`;
  return { state: AgentState.Working, reason, changesInMs };
}

function judgeUnattended(facts: PresenceFacts, times: PresenceThresholds): LiveVerdict {
  const { mailWaiting, unattendedMs } = facts;
  const mail = mailWaiting === 1 ? "1 message waits" : `${mailWaiting} messages wait`;
  if (facts.hold === null && unattendedMs >= times.stuckAfterMs) {
    const reason = `takes no mail for ${formatDuration(unattendedMs)} while ${mail}`;
    return { state: AgentState.Stuck, reason, changesInMs: Infinity };
  }
  const changesInMs = facts.hold !== null ? Infinity : times.stuckAfterMs - unattendedMs;
  const reason = `${holdWords(facts)}holds nothing, ${mail}`;
  return { state: AgentState.Idle, reason, changesInMs };
}

function holdWords({ hold }: PresenceFacts): string {
  return hold === null ? "" : `${hold}, `;
}

function cycleReason(cycle: readonly string[]): string {
  const [self = "", ...others] = cycle;
  const chain = [...others, self];
  return chain
    .map((id, index) => (index === 0 ? `waits on ${id}` : `which waits on ${id}`))
    .join(", ");
}

function waitReason(waitsOn: PresenceFacts["waitsOn"]): string {
  const names = [...new Set(waitsOn.map((edge) => edge.agentId))];
  const longestMs = Math.max(...waitsOn.map((edge) => edge.forMs));
  const rest = names.length > 3 ? ` and ${names.length - 3} more` : "";
  return `waits on ${names.slice(0, 3).join(", ")}${rest} for ${formatDuration(longestMs)}`;
}

function workWords(holds: readonly string[]): string {
  const first = `"${holds[0] ?? ""}"`;
  return holds.length === 1 ? first : `${first} and ${holds.length - 1} more`;
}
