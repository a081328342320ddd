// Custom profiling metrics: the newest of them here, all of them in the tracker.

import type { Clock, JsonObject, SeriesHandle, Telemetry } from "../core/index.ts";
import { ProfilerError } from "./errors.ts";
import { profilerLimits } from "./limits.ts";
import type { ProfilingMetric } from "./model.ts";
import { checkedContext, checkName } from "./span-input.ts";

const MAX_TAGS = 16;
const MAX_TAG_LENGTH = 128;

/** What may be said with a value. */
export interface MetricOptions {
  /** Such as `rows`, `bytes` or `s`. */
  readonly unit?: string;
  /** Few keys with few different values: they become the tracker's labels. */
  readonly tags?: Readonly<Record<string, string>>;
  /** Kept beside the value, in memory and exports only. */
  readonly context?: JsonObject;
  /** Whose it is. @default the server's own */
  readonly agentId?: string;
}

/** What a {@link MetricHistory} works with. */
export interface MetricHistoryParts {
  readonly namespace: string;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly maxHistory: number;
  readonly enabled: boolean;
}

/** The newest values of all custom metrics. */
export class MetricHistory {
  readonly #parts: MetricHistoryParts;
  readonly #series = new Map<string, SeriesHandle>();
  #kept: ProfilingMetric[] = [];

  constructor(parts: MetricHistoryParts) {
    this.#parts = parts;
  }

  /** @throws ProfilerError when the name, the value, the tags or the context cannot be used. */
  record(name: string, value: number, options: MetricOptions): void {
    const { unit = null, tags = {}, agentId = null } = options;
    checkName("metric", name);
    if (agentId !== null) checkName("agent", agentId);
    if (typeof value !== "number" || !Number.isFinite(value)) {
      const message = `${name} is a finite number, not ${String(value)}`;
      throw new ProfilerError("profiler.value_not_finite", message);
    }
    checkTags(name, tags);
    const context = checkedContext(options.context) ?? {};
    if (!this.#parts.enabled) return;
    const metric = {
      name,
      value,
      unit: unit?.slice(0, MAX_TAG_LENGTH) ?? null,
      tags: { ...tags },
      context,
      agentId,
      atMs: this.#parts.clock.now(),
    };
    this.#handle(metric).record(value);
    this.#kept.push(metric);
    // A tenth of slack makes shifting the array rare.
    const { maxHistory } = this.#parts;
    if (this.#kept.length > maxHistory * 1.1) this.#kept = this.#kept.slice(-maxHistory);
  }

  /** In order of recording. */
  all(): readonly ProfilingMetric[] {
    return this.#kept.slice(-this.#parts.maxHistory);
  }

  #handle({ name, tags, agentId }: ProfilingMetric): SeriesHandle {
    const key = JSON.stringify([name, agentId, tags]);
    let handle = this.#series.get(key);
    if (handle === undefined) {
      const { namespace, telemetry } = this.#parts;
      const series = { namespace, metric: name, labels: tags };
      handle = telemetry.series(agentId === null ? series : { ...series, agentId });
      if (this.#series.size >= profilerLimits.durationSeries.value) this.#series.clear();
      this.#series.set(key, handle);
    }
    return handle;
  }
}

function checkTags(metric: string, tags: Readonly<Record<string, string>>): void {
  const entries = typeof tags === "object" && tags !== null ? Object.entries(tags) : undefined;
  const isUsable =
    entries !== undefined &&
    !Array.isArray(tags) &&
    entries.length <= MAX_TAGS &&
    entries.every(
      ([name, value]) =>
        name.length <= MAX_TAG_LENGTH &&
        typeof value === "string" &&
        value.length <= MAX_TAG_LENGTH,
    );
  if (isUsable) return;
  const message = `The tags of ${metric} are up to ${MAX_TAGS} names with text of ${MAX_TAG_LENGTH} characters`;
  throw new ProfilerError("profiler.context_invalid", message);
}
