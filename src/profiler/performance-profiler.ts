// Times functions and scopes, keeps custom metrics, and reads what host and process use: one
// instance per namespace, usable alone as a library, durable when it is given a ProfileStore.

import {
  DEFAULT_NAMESPACE,
  nameProblem,
  noComponentLog,
  noTelemetry,
  secureRandomBytes,
  systemClock,
} from "../core/index.ts";
import type { Clock, ComponentLog, JsonObject, RandomBytes, Telemetry } from "../core/index.ts";
import { profilerConfigSchema } from "./config.ts";
import type { ProfilerOptions, ProfilerSettings } from "./config.ts";
import { DurationBatch, DurationTelemetry } from "./duration-telemetry.ts";
import { ProfilerError } from "./errors.ts";
import { HostRecorder } from "./host-recorder.ts";
import { profilerLimits } from "./limits.ts";
import { MetricHistory } from "./metric-history.ts";
import type { MetricOptions } from "./metric-history.ts";
import type {
  ProfilerStatistics,
  ProfilingSummary,
  SpanInput,
  SpanQuery,
  SpanRecord,
  SpansTaken,
} from "./model.ts";
import { profileDecorator } from "./profile-decorator.ts";
import type { ProfileDecorator } from "./profile-decorator.ts";
import { ProfileSampler } from "./profile-sampler.ts";
import type { CapturedProfile, CaptureRequest } from "./profile-sampler.ts";
import { copyOf, noScope, RecordedScope, runScope } from "./profile-scope.ts";
import type { ProfileScope } from "./profile-scope.ts";
import { ProfilerTimers } from "./profiler-timers.ts";
import { exportText, storedSpans, writeExport } from "./profiling-export.ts";
import type {
  ProfilingExport,
  ProfilingExportSource,
  WrittenProfilingExport,
} from "./profiling-export.ts";
import { summarize } from "./profiling-summary.ts";
import type { TimeRange } from "./profiling-summary.ts";
import { matchingSpans, spanLimit } from "./span-filter.ts";
import { parseTraceParent } from "./span-ids.ts";
import type { TraceParent } from "./span-ids.ts";
import { checkScopeName, SpanIntake } from "./span-input.ts";
import { SpanOutbox, storeError } from "./span-outbox.ts";
import { SpanRecorder } from "./span-recorder.ts";
import { SpanRing } from "./span-ring.ts";
import type { Span } from "./span.ts";
import type { ProfileStore } from "./store.ts";
import type { NetworkMetrics, ProcessMetrics, SystemMetrics } from "./system-model.ts";
import { SystemProbe } from "./system-probe.ts";

/** What a profiler works with; everything has a default for use as a library. */
export interface ProfilerDependencies {
  /** @default "default" */
  readonly namespace?: string;
  readonly clock?: Clock;
  /** Where durations and metrics also go. @default nowhere */
  readonly telemetry?: Telemetry;
  readonly log?: ComponentLog;
  /** Where spans outlive the process. @default only memory, maxHistory of them */
  readonly store?: ProfileStore;
  /** Shared by the profilers of one process. @default one of its own */
  readonly host?: SystemProbe;
  /** Shared by the profilers of one process. @default one of its own */
  readonly sampler?: ProfileSampler;
  readonly randomBytes?: RandomBytes;
}

/** How a profile that was started ended. */
export interface ProfileEnd {
  /** @default true, or false when there is an error */
  readonly ok?: boolean;
  readonly error?: unknown;
}

/**
 * Times functions and scopes with their place in a trace, keeps custom metrics, and reads host,
 * process and network. Recording is synchronous, the rest is not.
 *
 * @example
 * const profiler = new PerformanceProfiler({ maxHistory: 5000 });
 * const sort = profiler.profileFunction("sort")((values: number[]) => values.toSorted());
 * {
 *   using span = profiler.profile("data_processing", { batch_size: 3 });
 *   sort([3, 1, 2]);
 * }
 * const { functions } = await profiler.getProfilingSummary();
 * console.assert(functions.length === 2 && functions[0]?.name === "data_processing");
 */
export class PerformanceProfiler implements AsyncDisposable {
  readonly namespace: string;
  readonly #settings: ProfilerSettings;
  readonly #clock: Clock;
  readonly #ring: SpanRing;
  readonly #store: ProfileStore | undefined;
  readonly #outbox: SpanOutbox | undefined;
  readonly #durations: DurationTelemetry | undefined;
  readonly #recorder: SpanRecorder;
  readonly #intake: SpanIntake;
  readonly #metrics: MetricHistory;
  readonly #host: SystemProbe;
  readonly #ownsHost: boolean;
  readonly #sampler: ProfileSampler;
  readonly #timers: ProfilerTimers;
  readonly #open = new Map<string, Span>();

  /**
   * @throws ZodError when an option is out of range.
   * @throws RangeError when the namespace is no name.
   */
  constructor(options: ProfilerOptions = {}, dependencies: ProfilerDependencies = {}) {
    const settings = profilerConfigSchema.parse(options);
    const { namespace = DEFAULT_NAMESPACE, clock = systemClock, store } = dependencies;
    const { telemetry = noTelemetry, log = noComponentLog } = dependencies;
    const problem = nameProblem(namespace);
    if (problem !== undefined) throw new RangeError(`Namespace "${namespace}" ${problem}`);
    const { profilingEnabled: enabled, maxHistory, flushInterval: flushIntervalMs } = settings;
    this.namespace = namespace;
    this.#settings = settings;
    this.#clock = clock;
    this.#store = store;
    const maxPending = store === undefined ? 0 : profilerLimits.pendingSpans.value;
    const ring = new SpanRing({ maxHistory, maxPending });
    this.#ring = ring;
    const onError = (error: unknown): void => {
      log.warn("profiler.metric_refused", { reason: String(error) });
    };
    if (telemetry !== noTelemetry) {
      const parts = { namespace, telemetry, clock, flushIntervalMs, onError };
      this.#durations = new DurationTelemetry(parts);
    }
    if (store !== undefined) {
      const toRecord = (span: Span): SpanRecord => this.#recorder.toRecord(span);
      const parts = { namespace, store, ring, clock, flushIntervalMs, toRecord, log };
      this.#outbox = new SpanOutbox(parts);
    }
    this.#recorder = new SpanRecorder({
      namespace,
      clock,
      enabled,
      ring,
      durations: this.#durations,
      outbox: this.#outbox,
      randomBytes: dependencies.randomBytes ?? secureRandomBytes,
    });
    const spans = { recorder: this.#recorder, durations: this.#durations };
    this.#intake = new SpanIntake({ clock, settings, ...spans });
    this.#metrics = new MetricHistory({ namespace, clock, telemetry, maxHistory, enabled });
    this.#ownsHost = dependencies.host === undefined;
    this.#host = dependencies.host ?? new SystemProbe({ clock, log });
    this.#sampler = dependencies.sampler ?? new ProfileSampler(clock);
    const recording = { host: this.#host, recorder: new HostRecorder(namespace, telemetry) };
    this.#timers = new ProfilerTimers({ namespace, store, clock, settings, log, ...recording });
  }

  /** False when profiling is switched off by `profilingEnabled`. */
  get isEnabled(): boolean {
    return this.#settings.profilingEnabled;
  }

  /** Records host and process every snapshotInterval, and prunes the store every hour. */
  start(): void {
    this.#timers.start();
  }

  /**
   * Stops the timers and writes what waits, for the last time: spans that the store does not take
   * now, and those that end later, are shed.
   * @throws ProfilerError `profiler.store_unavailable`.
   */
  async stop(): Promise<void> {
    this.#timers.stop();
    if (this.#ownsHost) this.#host[Symbol.dispose]();
    this.#durations?.flush();
    await this.#outbox?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /**
   * Hands durations to the tracker and spans to the store now.
   * @throws ProfilerError `profiler.store_unavailable`.
   */
  async flush(): Promise<void> {
    this.#durations?.flush();
    await this.#outbox?.flush();
  }

  /**
   * Times every call of a function: a standard decorator for methods, getters, setters and fields
   * that hold functions, and a plain wrapper. Plain, async, generator and async generator functions
   * keep `this`, arguments, result, errors, name and length. A generator's time is what it took
   * itself, without its consumer's. What a plain function leaves for later (timers, callbacks)
   * becomes a child of the span around it; what an async one awaits, of its own.
   * @param profileName default: the function's own name.
   * @throws ProfilerError `profiler.name_invalid`.
   *
   * @example
   * const profiler = new PerformanceProfiler();
   * const fetchPage = profiler.profileFunction("fetch_page")(async (page: number) => page * 2);
   * console.assert((await fetchPage(21)) === 42);
   */
  profileFunction(profileName?: string): ProfileDecorator {
    if (profileName !== undefined) checkScopeName(profileName);
    if (!this.isEnabled) return profileDecorator(undefined, profileName);
    const batch = (shown: string): DurationBatch => this.#batch(shown);
    return profileDecorator({ recorder: this.#recorder, batch }, profileName);
  }

  /**
   * Times a scope, until it is disposed or, with a callback, until that is over. What is timed
   * meanwhile becomes its child, across awaits.
   *
   * With `using` in an async function, the caller sees the scope as current until its own next
   * await: where such functions are started beside each other (`Promise.all`), give a callback or
   * wrap the function with {@link profileFunction}, so that siblings do not become children.
   * @throws ProfilerError `profiler.name_invalid`.
   *
   * @example
   * const profiler = new PerformanceProfiler();
   * const sum = profiler.profile("sum", { items: 2 }, () => 1 + 2);
   * console.assert(sum === 3);
   */
  profile(profileName: string, context?: JsonObject): ProfileScope;
  profile<Result>(
    profileName: string,
    context: JsonObject | undefined,
    callback: (scope: ProfileScope) => Result,
  ): Result;
  profile<Result>(
    profileName: string,
    context?: JsonObject,
    callback?: (scope: ProfileScope) => Result,
  ): ProfileScope | Result {
    checkScopeName(profileName);
    if (!this.isEnabled) return callback === undefined ? noScope : callback(noScope);
    const span = this.#recorder.begin(this.#batch(profileName), "scope", copyOf(context));
    if (callback !== undefined) return runScope(this.#recorder, span, callback);
    this.#recorder.context.enter(span);
    return new RecordedScope(this.#recorder, span);
  }

  /**
   * Begins a profile that may overlap others and end anywhere; nothing becomes its child by itself.
   * @returns its id, which is also its span's.
   * @throws ProfilerError `profiler.name_invalid`, `profiler.too_many_open`.
   */
  startProfile(profileName: string, context?: JsonObject): string {
    checkScopeName(profileName);
    if (this.#open.size >= profilerLimits.openProfiles.value) {
      const message = `Cannot start "${profileName}": ${this.#open.size} profiles are open`;
      throw new ProfilerError("profiler.too_many_open", message);
    }
    const span = this.#recorder.begin(this.#batch(profileName), "scope", copyOf(context));
    const id = this.#recorder.ids.spanId(span.key);
    this.#open.set(id, span);
    return id;
  }

  /**
   * Ends a profile and says what was measured.
   * @throws ProfilerError `profiler.scope_unknown` when it is not open.
   */
  endProfile(profileId: string, end: ProfileEnd = {}): SpanRecord {
    const span = this.#open.get(profileId);
    if (span === undefined) {
      const message = `Profile "${profileId}" is not open: it was never started, or has ended`;
      throw new ProfilerError("profiler.scope_unknown", message);
    }
    this.#open.delete(profileId);
    if (end.ok ?? end.error === undefined) this.#recorder.end(span);
    else this.#recorder.fail(span, end.error ?? "failed");
    return this.#recorder.toRecord(span);
  }

  /**
   * Calls `callback` as a part of the trace that a `traceparent` header names (W3C Trace Context);
   * as a part of none when it is malformed or absent.
   */
  runInTrace<Result>(
    traceparent: string | TraceParent | undefined,
    callback: () => Result,
  ): Result {
    const parent = typeof traceparent === "string" ? parseTraceParent(traceparent) : traceparent;
    const at = parent && { key: parent.spanId, traceKey: parent.traceId };
    return this.#recorder.run(at, callback);
  }

  /** Where a span that starts now belongs; undefined outside of every trace. */
  currentTrace(): TraceParent | undefined {
    const current = this.#recorder.context.current();
    if (current === undefined) return undefined;
    const { ids } = this.#recorder;
    return { traceId: ids.traceId(current.traceKey), spanId: ids.spanId(current.key) };
  }

  /**
   * Records a custom metric, here and in the tracker under the same name.
   * @param value a finite number in `unit`.
   * @throws ProfilerError when the name, the value, the tags or the context cannot be used.
   */
  recordMetric(name: string, value: number, options: MetricOptions = {}): void {
    this.#metrics.record(name, value, options);
  }

  /**
   * Records a span that was timed elsewhere.
   * @throws ProfilerError `profiler.span_invalid`, `name_invalid` or `context_invalid`.
   */
  recordSpan(span: SpanInput): SpanRecord {
    return this.#recorder.toRecord(this.#intake.take(span));
  }

  /** Records spans of one agent (or of the one each names), up to 1000; a bad one stops no other. */
  recordSpans(spans: readonly SpanInput[], about: { readonly agentId?: string } = {}): SpansTaken {
    return this.#intake.takeAll(spans, about.agentId);
  }

  /** Calls back with every span recorded, synchronously; an exception is reported, not thrown. */
  addSpanCallback(callback: (span: SpanRecord) => void): Disposable {
    return this.#recorder.listeners.add(callback);
  }

  /**
   * Spans that match, newest first: of the store where there is one, else of memory.
   * @throws ProfilerError `profiler.range_invalid`, `profiler.store_unavailable`.
   */
  async getSpans(query: SpanQuery = {}): Promise<readonly SpanRecord[]> {
    const most = spanLimit(query.limit);
    if (this.#store === undefined) return matchingSpans(this.#kept(), query).slice(0, most);
    await this.#outbox?.flush();
    try {
      return await this.#store.spans(this.namespace, { ...query, limit: most });
    } catch (error) {
      throw storeError("find spans", error);
    }
  }

  /**
   * Calls by function and scope with exact percentiles, and custom metrics, of what memory holds.
   * @param about of one agent; of the server itself for null; of all without it.
   */
  async getProfilingSummary(
    timeRange: TimeRange = {},
    about: { readonly agentId?: string | null } = {},
  ): Promise<ProfilingSummary> {
    const source = {
      spans: this.#ring.newestFirst(),
      metrics: this.#metrics.all(),
      completeAfterMs: this.#ring.evictedStartMs,
      nowMs: this.#clock.now(),
    };
    return summarize(source, timeRange, about.agentId);
  }

  /**
   * CPU, memory, disk and network of the host; rates since the reading before. The first call
   * measures for a quarter of a second.
   * @throws ProfilerError `profiler.system_unreadable`.
   */
  async getSystemMetrics(): Promise<SystemMetrics> {
    return (await this.#host.read()).system;
  }

  /**
   * CPU, memory, threads and files of a process.
   * @param pid default: this process, with heap and event loop.
   * @throws ProfilerError `profiler.process_unknown`.
   */
  getProcessMetrics(pid?: number): Promise<ProcessMetrics> {
    return this.#host.readProcess(pid);
  }

  /** Bytes, rates and errors by interface. @throws ProfilerError `profiler.system_unreadable`. */
  async getNetworkMetrics(): Promise<NetworkMetrics> {
    return (await this.#host.read()).network;
  }

  /**
   * Samples this process with V8's profiler while it goes on.
   * @throws ProfilerError `profiler.busy` while another capture runs; see {@link ProfileSampler}.
   */
  captureProfile(request: CaptureRequest): Promise<CapturedProfile> {
    return this.#sampler.capture(request);
  }

  /** Exports spans, summary, custom metrics and system; with a path, streams them to that file. */
  exportProfilingData(path?: undefined): Promise<ProfilingExport>;
  exportProfilingData(path: string): Promise<WrittenProfilingExport>;
  async exportProfilingData(path?: string): Promise<ProfilingExport | WrittenProfilingExport> {
    const source = await this.#exportSource();
    if (path !== undefined) return writeExport(source, path);
    const spans: SpanRecord[] = [];
    for await (const span of source.spans) spans.push(span);
    return { ...source.header, spans };
  }

  /** The same export as pieces of JSON text, for a response or a pipe. */
  async *exportText(): AsyncGenerator<string> {
    yield* exportText(await this.#exportSource());
  }

  /** What was recorded, held and shed. */
  statistics(): ProfilerStatistics {
    return {
      spans: this.#recorder.recorded,
      failed: this.#recorder.failed,
      spansInMemory: this.#ring.historyCount,
      evicted: this.#ring.evicted,
      openProfiles: this.#open.size,
      waitingSpans: this.#ring.pendingCount,
      shedSpans: this.#ring.shed,
      storeFailures: this.#outbox?.failures ?? 0,
    };
  }

  #batch(name: string): DurationBatch {
    return this.#durations?.batch(name, null) ?? new DurationBatch(name, null);
  }

  /** Spans in memory, latest end first. */
  *#kept(): Generator<SpanRecord> {
    for (const span of this.#ring.newestFirst()) yield this.#recorder.toRecord(span);
  }

  async #exportSource(): Promise<ProfilingExportSource> {
    await this.flush();
    const spans =
      this.#store === undefined
        ? matchingSpans(this.#kept(), {})
        : storedSpans(this.#store, this.namespace);
    const header = {
      exportedAt: new Date(this.#clock.now()).toISOString(),
      format: "agent-cellphone/profiling" as const,
      version: 1 as const,
      namespace: this.namespace,
      summary: await this.getProfilingSummary(),
      metrics: this.#metrics.all(),
      system: await this.#host.read(),
    };
    return { header, spans };
  }
}
