// The shapes of profiling: scopes that were timed, profiles that were sampled, and what system
// and process used. Instants are milliseconds since the Unix epoch, durations milliseconds.

import type { JsonObject } from "../core/index.ts";

/** One timed function, scope or step of an agent's work, finished. */
export interface SpanRecord {
  /** 16 hex digits. */
  readonly spanId: string;
  /** 32 hex digits. */
  readonly traceId: string;
  readonly parentSpanId: string | null;
  readonly namespace: string;
  /** Whose; null for the server's own. */
  readonly agentId: string | null;
  readonly name: string;
  /** `function`, `scope`, or what an agent says it did: `model`, `tool`, `code`, `wait`. */
  readonly kind: string;
  readonly startMs: number;
  readonly durationMs: number;
  /** False when it threw or failed. */
  readonly ok: boolean;
  /** Message of the error; null without one. */
  readonly error: string | null;
  readonly context: JsonObject;
}

/** Which spans to find; newest first. */
export interface SpanQuery {
  readonly traceId?: string;
  readonly agentId?: string;
  readonly name?: string;
  readonly fromMs?: number;
  readonly toMs?: number;
  /** @default 100, at most 5000 */
  readonly limit?: number;
}

/** What a sampled profile is of. */
export const ProfileKind = { Cpu: "cpu", Heap: "heap" } as const;
export type ProfileKind = (typeof ProfileKind)[keyof typeof ProfileKind];

/** How far a sampled profile is. */
export const ProfileState = {
  /** The agent has not been told yet. */
  Requested: "requested",
  /** The agent is sampling. */
  Running: "running",
  Done: "done",
  Failed: "failed",
} as const;
export type ProfileState = (typeof ProfileState)[keyof typeof ProfileState];

/** A sampled profile of one agent, or of the server itself, without its data. */
export interface ProfileRecord {
  readonly id: string;
  readonly namespace: string;
  /** Whose; null for the server's own. */
  readonly agentId: string | null;
  readonly kind: ProfileKind;
  readonly state: ProfileState;
  /** Principal who asked. */
  readonly by: string;
  readonly requestedAtMs: number;
  readonly startedAtMs: number | null;
  readonly endedAtMs: number | null;
  /** Length asked for. */
  readonly seconds: number;
  /** Of the profiled program, such as `node 24.21`. */
  readonly runtime: string | null;
  /** Why it failed, in words. */
  readonly reason: string | null;
  /** Samples taken (CPU) or sampled allocations (heap). */
  readonly samples: number;
  /** Bytes stored. */
  readonly bytes: number;
}

/** Which profiles to find; newest first. */
export interface ProfileQuery {
  readonly agentId?: string;
  readonly kind?: ProfileKind;
  readonly state?: ProfileState;
  readonly fromMs?: number;
  readonly toMs?: number;
  /** @default 100, at most 1000 */
  readonly limit?: number;
}
