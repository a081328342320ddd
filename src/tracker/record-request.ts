// What may be recorded, and what is said about what may not.

import { nameProblem } from "../core/index.ts";
import type { JsonObject } from "../core/index.ts";
import { TrackerError } from "./errors.ts";
import { trackerLimits } from "./limits.ts";
import type { MetricType } from "./model.ts";

/** One value to record, in one object. */
export interface RecordRequest {
  readonly metric: MetricType;
  readonly value: number;
  readonly agentId?: string | undefined;
  /** Becomes labels: few keys, few different values. */
  readonly context?: JsonObject | undefined;
  /** Kept with the sample, never a label. */
  readonly metadata?: JsonObject | undefined;
  /** When it happened. @default now */
  readonly atMs?: number | undefined;
}

/** @throws TrackerError when one of them is no name. */
export function checkNames(metric: string, agentId: string | null): void {
  const metricProblem = nameProblem(metric);
  if (metricProblem !== undefined) {
    const message = `Metric name ${shown(metric)} ${metricProblem}`;
    throw new TrackerError("tracker.metric_name_invalid", message);
  }
  const agentProblem = agentId === null ? undefined : nameProblem(agentId);
  if (agentProblem !== undefined) {
    const message = `Agent id ${shown(agentId)} ${agentProblem}`;
    throw new TrackerError("tracker.agent_id_invalid", message);
  }
}

/** @throws TrackerError when `value` is no plain object. */
export function checkObject(what: "context" | "metadata", value: unknown): void {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return;
  throw new TrackerError("tracker.context_invalid", `The ${what} of a sample is no object`);
}

/** A copy, one level deep: the caller may change its object afterwards. */
export function copyOf(metadata: JsonObject): JsonObject {
  checkObject("metadata", metadata);
  return { ...metadata };
}

/** The instant to record at: whole milliseconds, never after `nowMs`. */
export function heldTime(
  metric: string,
  atMs: number,
  nowMs: number,
  retentionDays: number,
): number {
  const oldestMs = nowMs - retentionDays * 86_400_000;
  const newestMs = nowMs + trackerLimits.clockAheadMs.value;
  if (typeof atMs === "number" && atMs >= oldestMs && atMs <= newestMs) {
    return Math.min(Math.floor(atMs), nowMs);
  }
  const message = `A sample of ${shown(metric)} at ${String(atMs)} is not between ${oldestMs} and now`;
  throw new TrackerError("tracker.time_out_of_range", message);
}

/** The error of a value that is not a finite number. */
export function valueError(metric: unknown, value: unknown): TrackerError {
  const message = `A value of ${shown(metric)} must be a finite number, not ${String(value)}`;
  return new TrackerError("tracker.value_not_finite", message);
}

/** Text from outside, quoted and cut: it may be anything and of any length. */
function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= 150 ? text : `${text.slice(0, 150)}…`;
}
