// Which series exist. Finds one by metric, agent and context without building strings, and keeps
// their number bounded: what is over a cap shares a series whose label, agent or metric is
// `__other__`, and is counted.

import type { JsonObject, JsonValue } from "../core/index.ts";
import { boundLabels, labelsKey, OTHER, otherLabels } from "./labels.ts";
import type { LabelBounds } from "./labels.ts";
import { trackerLimits } from "./limits.ts";
import { Series } from "./series.ts";

/** The caps of a {@link SeriesTable}. */
export interface SeriesCaps {
  readonly maxSeries: number;
  readonly maxSeriesPerAgent: number;
  readonly maxSeriesPerMetric: number;
  readonly maxMetricNames: number;
  readonly labels: LabelBounds;
}

/** A step of the path metric > agent > label name > label value > ... to a series. */
interface PathNode {
  series: Series | undefined;
  next: Map<string, Map<JsonValue, PathNode>> | undefined;
}

/** The series of one metric and one agent. */
interface AgentSeries {
  readonly byLabels: Map<string, Series>;
  /** A cache: contexts as they were given, in their order, to the series they name. */
  path: PathNode;
}

/** The series of one metric; agent "" stands for none. */
interface MetricSeries {
  readonly agents: Map<string, AgentSeries>;
  count: number;
}

/** All series of a namespace. */
export class SeriesTable {
  readonly #caps: SeriesCaps;
  readonly #latestMinute: () => number;
  readonly #metrics = new Map<string, MetricSeries>();
  readonly #byAgent = new Map<string, Set<Series>>();
  /** Series under the caps. */
  #count = 0;
  /** Series of the agent `__other__`, one per metric at most: they take nobody's room. */
  #reserved = 0;
  #cachedPaths = 0;
  /** Lookups that ended in an `__other__` series. */
  folded = 0;
  /** Labels left out of contexts: too many, name too long, or reserved. */
  labelsDropped = 0;

  /** @param latestMinute the latest minute the clock has shown: where new series begin. */
  constructor(caps: SeriesCaps, latestMinute: () => number) {
    this.#caps = caps;
    this.#latestMinute = latestMinute;
  }

  get size(): number {
    return this.#count + this.#reserved;
  }

  /** The series of a context seen before; undefined means ask {@link resolve}. */
  lookup(
    metric: string,
    agentId: string | null,
    context: JsonObject | undefined,
  ): Series | undefined {
    const owned = this.#metrics.get(metric)?.agents.get(agentId ?? "");
    return owned === undefined ? undefined : followPath(owned.path, context);
  }

  /** Finds or makes the series; names are already checked. */
  resolve(metric: string, agentId: string | null, context: JsonObject | undefined): Series {
    return this.lookup(metric, agentId, context) ?? this.#resolveSlowly(metric, agentId, context);
  }

  /** The series with these labels, if it exists. */
  find(metric: string, agentId: string | null, key: string): Series | undefined {
    return this.#metrics
      .get(metric)
      ?.agents.get(agentId ?? "")
      ?.byLabels.get(key);
  }

  /** True for a series that stands for those over a cap. */
  isFolded(series: Series): boolean {
    return series.identity.labels[OTHER] !== undefined;
  }

  /** The series of a metric, or all; of one agent when it is named. */
  *select(metric?: string, agentId?: string): Generator<Series> {
    if (metric === undefined && agentId !== undefined) {
      yield* this.#byAgent.get(agentId) ?? [];
      return;
    }
    const metrics = metric === undefined ? this.#metrics.values() : [this.#metrics.get(metric)];
    for (const one of metrics) {
      if (one === undefined) continue;
      const agents = agentId === undefined ? one.agents.values() : [one.agents.get(agentId)];
      for (const owned of agents) if (owned !== undefined) yield* owned.byLabels.values();
    }
  }

  /** Agents that have series, without `__other__`. */
  agents(): string[] {
    return [...this.#byAgent.keys()].filter((agentId) => agentId !== OTHER).sort();
  }

  /** Names of metrics with the agents that have series of them. */
  *metricAgents(): Generator<readonly [metric: string, agentIds: string[]]> {
    for (const [metric, { agents }] of this.#metrics) {
      yield [metric, [...agents.keys()].filter((agentId) => agentId !== "")];
    }
  }

  /** How many series a metric has; all, when none is named. */
  countOf(metric: string | undefined): number {
    return metric === undefined ? this.#count : (this.#metrics.get(metric)?.count ?? 0);
  }

  get metricCount(): number {
    return this.#metrics.size;
  }

  /** Takes an agent's series out; they are marked released and returned. */
  release(agentId: string): Series[] {
    const released = [...(this.#byAgent.get(agentId) ?? [])];
    this.#byAgent.delete(agentId);
    for (const series of released) {
      series.released = true;
      this.#count--;
      const { metric } = series.identity;
      const entry = this.#metrics.get(metric);
      if (entry === undefined) continue;
      entry.count--;
      entry.agents.delete(agentId);
      if (entry.agents.size === 0) this.#metrics.delete(metric);
    }
    return released;
  }

  #resolveSlowly(metric: string, agentId: string | null, context: JsonObject | undefined): Series {
    const bounded = boundLabels(context, this.#caps.labels);
    this.labelsDropped += bounded.dropped;
    const key = labelsKey(bounded.labels);
    const existing = this.find(metric, agentId, key);
    const series = existing ?? this.#create(metric, agentId, bounded, key);
    const folded = series.identity.metric !== metric || series.identity.labelsKey !== key;
    if (folded) this.folded++;
    // What was cut or folded is not cached: such contexts may be without number.
    else if (bounded.exact) this.#remember(series, context);
    return series;
  }

  #create(
    metric: string,
    agentId: string | null,
    bounded: { readonly labels: Series["identity"]["labels"]; readonly context: JsonObject },
    key: string,
  ): Series {
    const { labels, context } = bounded;
    const { maxSeries, maxSeriesPerAgent, maxSeriesPerMetric, maxMetricNames } = this.#caps;
    const entry = this.#metrics.get(metric);
    if (entry === undefined && this.#metrics.size >= maxMetricNames) return this.#fold(OTHER);
    const ofAgent = agentId === null ? 0 : (this.#byAgent.get(agentId)?.size ?? 0);
    const full = this.#count >= maxSeries || (entry?.count ?? 0) >= maxSeriesPerMetric;
    if (!full && ofAgent < maxSeriesPerAgent) {
      return this.#add({ metric, agentId, labels, context, labelsKey: key });
    }
    const foldedKey = labelsKey(otherLabels);
    const shared = this.find(metric, agentId, foldedKey);
    if (shared !== undefined) return shared;
    const reserve = trackerLimits.foldedSeriesPerAgent.value;
    if (full || ofAgent >= maxSeriesPerAgent + reserve) return this.#fold(metric);
    const folded = { labels: otherLabels, context: otherLabels, labelsKey: foldedKey };
    return this.#add({ metric, agentId, ...folded });
  }

  /** The last resort, one per metric name: always room for it. */
  #fold(metric: string): Series {
    const foldedKey = labelsKey(otherLabels);
    const folded = { labels: otherLabels, context: otherLabels, labelsKey: foldedKey };
    return this.find(metric, OTHER, foldedKey) ?? this.#add({ metric, agentId: OTHER, ...folded });
  }

  #add(identity: Series["identity"]): Series {
    const series = new Series(Object.freeze(identity), this.#latestMinute());
    const entry = getOrInsert(this.#metrics, identity.metric, () => ({
      agents: new Map<string, AgentSeries>(),
      count: 0,
    }));
    const owned = getOrInsert(entry.agents, identity.agentId ?? "", () => ({
      byLabels: new Map<string, Series>(),
      path: { series: undefined, next: undefined },
    }));
    owned.byLabels.set(identity.labelsKey, series);
    if (identity.agentId === OTHER) this.#reserved++;
    else {
      entry.count++;
      this.#count++;
    }
    if (identity.agentId !== null) {
      getOrInsert(this.#byAgent, identity.agentId, () => new Set<Series>()).add(series);
    }
    return series;
  }

  #remember(series: Series, context: JsonObject | undefined): void {
    const { metric, agentId } = series.identity;
    const owned = this.#metrics.get(metric)?.agents.get(agentId ?? "");
    if (owned === undefined) return;
    if (this.#cachedPaths >= trackerLimits.cachedLabelPaths.value) this.#forgetPaths();
    let node = owned.path;
    for (const name in context) {
      const value = context[name];
      if (value === undefined || typeof value === "object") return;
      node.next ??= new Map();
      const values = getOrInsert(node.next, name, () => new Map<JsonValue, PathNode>());
      node = getOrInsert(values, value, () => ({ series: undefined, next: undefined }));
    }
    if (node.series === undefined) this.#cachedPaths++;
    node.series = series;
  }

  #forgetPaths(): void {
    for (const { agents } of this.#metrics.values()) {
      for (const owned of agents.values()) owned.path = { series: undefined, next: undefined };
    }
    this.#cachedPaths = 0;
  }
}

/** The hot half of a lookup: no strings are built and nothing is allocated. */
function followPath(start: PathNode, context: JsonObject | undefined): Series | undefined {
  let node = start;
  for (const name in context) {
    const value = context[name];
    if (value === undefined || typeof value === "object") return undefined;
    const next = node.next?.get(name)?.get(value);
    if (next === undefined) return undefined;
    node = next;
  }
  return node.series;
}

function getOrInsert<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
