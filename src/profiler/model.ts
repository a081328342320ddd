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
  /** Whose; null for the server's own, absent for all. */
  readonly agentId?: string | null;
  readonly name?: string;
  /** Spans that started at or after. */
  readonly fromMs?: number;
  /** Spans that started before. */
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
  /** Samples taken (CPU) or sampled allocations still in use (heap). */
  readonly samples: number;
  /** Bytes stored. */
  readonly bytes: number;
}

/** What of a profile decides its place: those asked for last come first, then by id. */
export type ProfilePlace = Pick<ProfileRecord, "id" | "requestedAtMs">;

/** Which profiles to find; newest first. */
export interface ProfileQuery {
  /** The last profile of the page before: only what follows it in the order is given. */
  readonly after?: ProfilePlace;
  /** Whose; null for the server's own, absent for all. */
  readonly agentId?: string | null;
  readonly kind?: ProfileKind;
  readonly state?: ProfileState;
  /** Profiles asked for at or after. */
  readonly fromMs?: number;
  /** Profiles asked for before. */
  readonly toMs?: number;
  /** @default 100, at most 1000 */
  readonly limit?: number;
}

/** A span as it is handed in; what is absent is made up or has the default. */
export interface SpanInput {
  /** 16 hex digits. @default a new one */
  readonly spanId?: string;
  /** 32 hex digits. @default a new one */
  readonly traceId?: string;
  readonly parentSpanId?: string | null;
  readonly agentId?: string | null;
  readonly name: string;
  /** `scope`, `function`, `model`, `tool`, `code`, `wait` or a word of your own. @default "scope" */
  readonly kind?: string;
  readonly startMs: number;
  readonly durationMs: number;
  /** @default true */
  readonly ok?: boolean;
  readonly error?: string | null;
  readonly context?: JsonObject;
}

/** Timed calls of one function or scope of one agent, summed up; milliseconds. */
export interface FunctionSummary {
  readonly name: string;
  readonly kind: string;
  /** Whose; null for the server's own. */
  readonly agentId: string | null;
  readonly count: number;
  readonly failed: number;
  readonly totalMs: number;
  readonly avgMs: number;
  readonly minMs: number;
  readonly maxMs: number;
  /** Percentiles are exact: the smallest duration that so many percent do not exceed. */
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
}

/** One value of a custom metric. */
export interface ProfilingMetric {
  readonly name: string;
  readonly value: number;
  /** Such as `rows` or `bytes`; null when none was said. */
  readonly unit: string | null;
  /** Become the tracker's labels. */
  readonly tags: Readonly<Record<string, string>>;
  readonly context: JsonObject;
  readonly agentId: string | null;
  readonly atMs: number;
}

/** Values of one custom metric, summed up. */
export interface ProfilingMetricSummary {
  readonly name: string;
  readonly unit: string | null;
  readonly agentId: string | null;
  readonly count: number;
  readonly sum: number;
  readonly avg: number;
  readonly min: number;
  readonly max: number;
  readonly latest: number;
}

/** What {@link PerformanceProfiler.getProfilingSummary} answers. */
export interface ProfilingSummary {
  /** What the answer covers: never more than memory holds of the last maxHistory calls. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Calls summed up. */
  readonly spans: number;
  /** By total time, longest first. */
  readonly functions: readonly FunctionSummary[];
  /** By name. */
  readonly metrics: readonly ProfilingMetricSummary[];
}

/**
 * One frame of a sampled profile with what it called. Values are microseconds (CPU) or bytes
 * (heap).
 */
export interface FlameNode {
  readonly name: string;
  readonly file: string | null;
  /** From 1. */
  readonly line: number | null;
  /** Of the frame itself. */
  readonly self: number;
  /** With everything it called. */
  readonly total: number;
  /** Largest first. */
  readonly children: readonly FlameNode[];
}

/** What became of spans that were handed in. */
export interface SpansTaken {
  readonly accepted: number;
  readonly rejected: readonly {
    readonly index: number;
    readonly code: string;
    readonly detail: string;
  }[];
}

/** What a profiler has done and holds. */
export interface ProfilerStatistics {
  /** Spans recorded since the start, and how many of them failed. */
  readonly spans: number;
  readonly failed: number;
  readonly spansInMemory: number;
  /** Spans that gave their place in memory to newer ones. */
  readonly evicted: number;
  readonly openProfiles: number;
  readonly waitingSpans: number;
  /** Spans the store never got. */
  readonly shedSpans: number;
  readonly storeFailures: number;
}
