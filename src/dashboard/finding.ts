// What a rule found wrong at one refresh. A finding becomes an alert once it has held long enough.

import type { JsonObject } from "../core/index.ts";
import type { AlertLevel } from "./alert.ts";
import type { Cause } from "./model.ts";

/** One thing that is wrong now, as a rule sees it. */
export interface Finding {
  /** Rule and subject, stable while the thing lasts: `service_failing:search`. */
  readonly key: string;
  readonly rule: string;
  readonly level: AlertLevel;
  /** Subject, verb, number. */
  readonly message: string;
  readonly source: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly context: JsonObject;
  readonly agentIds: readonly string[];
  readonly traceId: string | null;
  readonly value: number | null;
  readonly threshold: number | null;
  /** How long it must hold before it fires, in milliseconds. */
  readonly forMs: number;
  /** How long it must be gone before its alert resolves, in milliseconds. */
  readonly keepFiringForMs: number;
}

/** Levels from bad to worse. */
export const LEVEL_RANK = { info: 0, warning: 1, error: 2, critical: 3 } as const;

/** A level as people and the table of rules know it, with the value it begins and ends at. */
export interface LevelStep {
  readonly level: AlertLevel;
  /** Reached above this value. */
  readonly above: number;
  /** Left below this value, which is lower, so that a value near the edge does not flap. */
  readonly clearBelow: number;
}

/**
 * The level of a value, with hysteresis.
 * @param steps worst first.
 * @param current the level its alert fires at; undefined while none does.
 * @returns undefined when it is below all of them.
 */
export function levelOf(
  value: number,
  steps: readonly LevelStep[],
  current: AlertLevel | undefined,
): LevelStep | undefined {
  return steps.find(
    ({ level, above, clearBelow }) =>
      value > above ||
      (current !== undefined && LEVEL_RANK[current] >= LEVEL_RANK[level] && value >= clearBelow),
  );
}

/** Where a level of a measured value is left: at four fifths of where it begins. */
export function clearBelowOf(above: number): number {
  return Number((above * 0.8).toPrecision(12));
}

/** The kind of "Needs you" row that alerts of a rule become. */
export function causeKindOf(rule: string): Cause["kind"] {
  switch (rule) {
    case "service_failing":
    case "service_slow":
    case "inbox_backlog":
      return rule;
    default:
      return "alert";
  }
}
