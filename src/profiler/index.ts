export { profilerConfigSchema } from "./config.ts";
export type { ProfilerOptions, ProfilerSettings } from "./config.ts";
export { ProfilerError, profilerErrors } from "./errors.ts";
export type { CallNode, CallTree } from "./call-tree.ts";
export { readCpuProfile } from "./cpu-profile.ts";
export { flameTree } from "./flame-tree.ts";
export type { FlameTree } from "./flame-tree.ts";
export { encodeFolded } from "./folded-stacks.ts";
export { readHeapProfile } from "./heap-profile.ts";
export { encodePprof } from "./pprof-export.ts";
export { profilerLimits } from "./limits.ts";
export type { MetricOptions } from "./metric-history.ts";
export { PerformanceProfiler } from "./performance-profiler.ts";
export type { ProfileEnd, ProfilerDependencies } from "./performance-profiler.ts";
export type { CheckedProfile, ProfileConversion } from "./profile-conversion.ts";
export { inlineConversion, ProfileFormat, readProfile } from "./profile-conversion.ts";
export type { ProfileFile } from "./profile-archive.ts";
export { ProfileDesk } from "./profile-desk.ts";
export type { ProfileDeskDependencies } from "./profile-desk.ts";
export type { ProfileOrder, ProfileRequest } from "./profile-request.ts";
export type { ProfileDecorator } from "./profile-decorator.ts";
export { ProfileSampler } from "./profile-sampler.ts";
export type { CapturedProfile, CaptureRequest } from "./profile-sampler.ts";
export type { ProfileScope } from "./profile-scope.ts";
export type {
  ProfilingExport,
  ProfilingExportHeader,
  WrittenProfilingExport,
} from "./profiling-export.ts";
export type { TraceParent } from "./span-ids.ts";
export type {
  ContainerMetrics,
  CpuMetrics,
  DiskMetrics,
  EventLoopMetrics,
  MemoryMetrics,
  NetworkInterfaceMetrics,
  NetworkMetrics,
  NetworkRates,
  ProcessMetrics,
  SystemMetrics,
} from "./system-model.ts";
export { SystemProbe } from "./system-probe.ts";
export type { HostLoad, ProbeReading, SystemProbeDependencies } from "./system-probe.ts";
export { ProfileKind, ProfileState } from "./model.ts";
export type {
  FlameNode,
  FunctionSummary,
  ProfilePlace,
  ProfileQuery,
  ProfileRecord,
  ProfilerStatistics,
  ProfilingMetric,
  ProfilingMetricSummary,
  ProfilingSummary,
  SpanInput,
  SpanQuery,
  SpanRecord,
  SpansTaken,
} from "./model.ts";
export type { ProfileRetention, ProfileStore, SpanPage } from "./store.ts";
export { VolatileProfileStore } from "./volatile-profile-store.ts";
export type { VolatileProfileStoreOptions } from "./volatile-profile-store.ts";
