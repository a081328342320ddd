export { profilerConfigSchema } from "./config.ts";
export type { ProfilerOptions, ProfilerSettings } from "./config.ts";
export { ProfilerError, profilerErrors } from "./errors.ts";
export { profilerLimits } from "./limits.ts";
export { ProfileKind, ProfileState } from "./model.ts";
export type {
  FlameNode,
  FunctionSummary,
  ProfileQuery,
  ProfileRecord,
  ProfilingMetric,
  ProfilingMetricSummary,
  ProfilingSummary,
  SpanInput,
  SpanQuery,
  SpanRecord,
} from "./model.ts";
export type { ProfileRetention, ProfileStore } from "./store.ts";
export { VolatileProfileStore } from "./volatile-profile-store.ts";
export type { VolatileProfileStoreOptions } from "./volatile-profile-store.ts";
