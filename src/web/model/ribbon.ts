// A day of one agent's states as stretches along a line.

import type { AgentState, StateChange } from "./wire.ts";

/** One stretch of one state. */
export interface Stretch {
  readonly state: AgentState;
  readonly fromMs: number;
  readonly toMs: number;
  readonly reason: string;
}

/** The least that a ribbon spans. */
const SPAN_MIN_MS = 10_000;

/**
 * Where a ribbon of at most a day begins: an agent that is younger fills it from its first state
 * on, so that its first minutes can be seen.
 */
export function ribbonStart(changes: readonly StateChange[], fromMs: number, toMs: number): number {
  const first = changes.reduce((earliest, { atMs }) => Math.min(earliest, atMs), toMs);
  if (changes.length === 0 || first <= fromMs) return fromMs;
  return Math.min(first, toMs - SPAN_MIN_MS);
}

/** Stretches within a range; time before the first known change stays empty. */
export function stretches(
  changes: readonly StateChange[],
  fromMs: number,
  toMs: number,
): readonly Stretch[] {
  const ordered = [...changes].sort((a, b) => a.atMs - b.atMs);
  const found: Stretch[] = [];
  for (const [index, change] of ordered.entries()) {
    const start = Math.max(fromMs, change.atMs);
    const end = Math.min(toMs, ordered[index + 1]?.atMs ?? toMs);
    if (end <= start) continue;
    const last = found[found.length - 1];
    if (last !== undefined && last.state === change.state && last.toMs === start) {
      found[found.length - 1] = { ...last, toMs: end };
    } else {
      found.push({ state: change.state, fromMs: start, toMs: end, reason: change.reason });
    }
  }
  return found;
}

/** Share of the known time that each state took, largest first. */
export function stateShares(
  parts: readonly Stretch[],
): readonly { readonly state: AgentState; readonly ratio: number; readonly durationMs: number }[] {
  const byState = new Map<AgentState, number>();
  let knownMs = 0;
  for (const part of parts) {
    const lengthMs = part.toMs - part.fromMs;
    knownMs += lengthMs;
    byState.set(part.state, (byState.get(part.state) ?? 0) + lengthMs);
  }
  return [...byState]
    .map(([state, durationMs]) => ({ state, durationMs, ratio: durationMs / knownMs }))
    .sort((a, b) => b.durationMs - a.durationMs);
}
