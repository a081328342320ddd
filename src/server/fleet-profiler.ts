// What the control plane needs from the profiler of one namespace, and from its sampled profiles.

import type {
  FlameNode,
  FunctionSummary,
  NetworkMetrics,
  ProcessMetrics,
  ProfileKind,
  ProfileQuery,
  ProfileRecord,
  SpanInput,
  SpanQuery,
  SpanRecord,
  SystemMetrics,
} from "../profiler/index.ts";
import type { TimeRange } from "../tracker/index.ts";

/** The profiler of one namespace: what of PerformanceProfiler is served. */
export interface FleetProfiler {
  /** @throws when a field does not fit; other spans of a batch are not touched by it. */
  recordSpan(span: SpanInput): SpanRecord;
  getSpans(query: SpanQuery): Promise<readonly SpanRecord[]>;
  getProfilingSummary(
    range?: TimeRange,
    about?: { readonly agentId?: string },
  ): Promise<{ readonly functions: readonly FunctionSummary[] }>;
  getSystemMetrics(): Promise<SystemMetrics>;
  getProcessMetrics(): Promise<ProcessMetrics>;
  getNetworkMetrics(): Promise<NetworkMetrics>;
  exportText(): AsyncIterable<string>;
}

/** How a profile's data is written. */
export type ProfileFormat = "cpuprofile" | "pprof" | "folded";

/** Sampled profiles of one namespace: what of ProfileDesk is served. */
export interface FleetProfiles {
  /** Asks an agent, or the server itself for `agentId: null`, to sample. */
  request(request: {
    readonly agentId: string | null;
    readonly kind: ProfileKind;
    readonly seconds: number;
    readonly by: string;
  }): Promise<ProfileRecord>;
  started(profileId: string, agentId: string, runtime: string): Promise<unknown>;
  /** Takes what V8's inspector gave, as JSON. */
  take(profileId: string, agentId: string, json: Uint8Array): Promise<unknown>;
  fail(profileId: string, agentId: string, reason: string): Promise<unknown>;
  /** The profile; with a wait, once it is done or failed. */
  get(
    profileId: string,
    wait?: { readonly waitMs?: number; readonly signal?: AbortSignal },
  ): Promise<ProfileRecord | undefined>;
  list(query: ProfileQuery): Promise<readonly ProfileRecord[]>;
  all(): AsyncIterable<ProfileRecord>;
  data(
    profileId: string,
    format: ProfileFormat,
  ): Promise<{ readonly bytes: Uint8Array; readonly contentType: string; readonly name: string }>;
  tree(
    profileId: string,
  ): Promise<{ readonly root: FlameNode; readonly unit: string; readonly total: number }>;
  /** False when there was none. */
  delete(profileId: string): Promise<boolean>;
}
