// What is known of every service now: its endpoints' health, what calls to it did lately, and the
// status that follows from both.

import { formatDuration } from "../core/index.ts";
import type { CallBatch } from "./data-plane.ts";
import type { CheckResult, CheckTarget } from "./health-checker.ts";
import type { ProbeResult } from "./health-probe.ts";
import type { ServiceRecord, ServiceView } from "./model.ts";
import { ServiceStatus } from "./model.ts";
import { missingVariable } from "./plan-compiler.ts";
import type { Environment } from "./plan-compiler.ts";
import { ActivityWindow } from "./service-activity.ts";
import { EndpointHealth, statusOf } from "./service-health.ts";
import { publicPathsOf, versionDefaults } from "./service-paths.ts";
import { MASK } from "./service-registry.ts";
import { checkUrlOf } from "./service-url.ts";

/** Of the latest calls, so many must be there before their failures count. */
const FEWEST_CALLS = 10;
/** Share of failed calls from which a service is degraded, and below which it no longer is. */
const FAILING_SHARE = 0.2;
const WELL_SHARE = 0.1;

/** What a board stands on. */
export interface BoardParts {
  readonly services: () => readonly ServiceRecord[];
  readonly environment: Environment;
  readonly nowMs: () => number;
  /** How far back "lately" goes. */
  readonly activityWindowMs: number;
}

interface Entry {
  record: ServiceRecord;
  readonly endpoints: Map<string, EndpointHealth>;
  readonly activity: ActivityWindow;
  /** Calls under way by base URL, by the data plane that said so. */
  readonly inFlight: Map<number, ReadonlyMap<string, number>>;
  lastFailed: { readonly traceId: string; readonly atMs: number } | null;
  isFailing: boolean;
  status: ServiceStatus;
  reason: string;
  sinceMs: number;
  /** As it was last told; null before. */
  toldStatus: ServiceStatus | null;
}

/** Statuses and recent activity of one namespace's services. */
export class ServiceBoard {
  readonly #parts: BoardParts;
  readonly #entries = new Map<string, Entry>();
  /** Services that look different since that was last asked, with the status they had then. */
  readonly #changed = new Set<string>();

  constructor(parts: BoardParts) {
    this.#parts = parts;
  }

  /** Takes a service's new record; what is known of endpoints that stay is kept. */
  put(record: ServiceRecord): void {
    const entry = this.#entries.get(record.id) ?? newEntry(record, this.#parts);
    const isChecked = record.healthCheckUrl !== null;
    // A new way of checking makes what the old one found worthless.
    const isSameCheck = entry.record.healthCheckUrl === record.healthCheckUrl;
    const known = new Map(entry.endpoints);
    entry.endpoints.clear();
    for (const { baseUrl } of record.endpoints) {
      const health = isSameCheck ? known.get(baseUrl) : undefined;
      entry.endpoints.set(baseUrl, health ?? new EndpointHealth(isChecked));
    }
    entry.record = record;
    this.#entries.set(record.id, entry);
    this.#changed.add(record.id);
    this.#judge(entry);
  }

  remove(serviceId: string): void {
    this.#entries.delete(serviceId);
    this.#changed.delete(serviceId);
  }

  /** What is to be checked regularly. */
  targets(): CheckTarget[] {
    return [...this.#entries.values()].flatMap(({ record }) => {
      const { endpoints, healthCheckUrl, id } = record;
      if (healthCheckUrl === null) return [];
      const urls = endpoints.map(({ baseUrl }) => checkUrlOf(healthCheckUrl, baseUrl));
      return [...new Set(urls)].map((url) => ({ serviceId: id, url }));
    });
  }

  /** Whether calls should go to an endpoint while there are others. */
  isUsable(serviceId: string, baseUrl: string): boolean {
    return this.#entries.get(serviceId)?.endpoints.get(baseUrl)?.isUsable ?? true;
  }

  /**
   * Notes a health check.
   * @returns whether the endpoints that calls should go to have changed, and whether any endpoint
   * answered its last check; undefined for a service that has gone.
   */
  checked(
    result: CheckResult,
  ): { readonly planChanged: boolean; readonly available: boolean } | undefined {
    const entry = this.#entries.get(result.serviceId);
    const healthCheckUrl = entry?.record.healthCheckUrl ?? null;
    if (entry === undefined || healthCheckUrl === null) return undefined;
    let planChanged = false;
    for (const [baseUrl, health] of entry.endpoints) {
      if (checkUrlOf(healthCheckUrl, baseUrl) !== result.url) continue;
      const before = health.isUsable;
      health.checked(result, result.atMs);
      planChanged ||= health.isUsable !== before;
    }
    this.#changed.add(result.serviceId);
    this.#judge(entry);
    const healths = [...entry.endpoints.values()];
    return { planChanged, available: healths.some((health) => health.lastCheckOk === true) };
  }

  /** Whether a check failed that another one has to confirm. */
  isDoubted(serviceId: string): boolean {
    const healths = [...(this.#entries.get(serviceId)?.endpoints.values() ?? [])];
    return healths.some((health) => health.isDoubted);
  }

  /** Notes how an endpoint without regular checks answered when it was asked by hand. */
  probed(serviceId: string, baseUrl: string, result: ProbeResult, atMs: number): void {
    const entry = this.#entries.get(serviceId);
    if (entry === undefined) return;
    entry.endpoints.get(baseUrl)?.probed(result, atMs);
    this.#changed.add(serviceId);
    this.#judge(entry);
  }

  /**
   * Notes what a data plane did.
   * @param plane tells its in-flight counts from another's.
   * @returns services that should be checked soon.
   */
  took(batch: CallBatch, plane: number, namespace: string): ReadonlySet<string> {
    const nowMs = this.#parts.nowMs();
    for (const aggregate of batch.aggregates) {
      const entry = this.#entryOf(aggregate, namespace);
      entry?.activity.add(aggregate, nowMs);
    }
    for (const call of batch.calls) {
      if (call.status < 500 && (call.code === null || call.status >= 400)) continue;
      const entry = this.#entryOf(call, namespace);
      if (entry !== undefined) entry.lastFailed = { traceId: call.traceId, atMs: call.atMs };
    }
    this.#countInFlight(batch, plane, namespace);
    const suspects = new Set<string>();
    for (const outcome of batch.outcomes) {
      const entry = this.#entryOf(outcome, namespace);
      const shouldCheck = entry?.endpoints.get(outcome.baseUrl)?.called(outcome) ?? false;
      if (shouldCheck) suspects.add(outcome.serviceId);
    }
    return suspects;
  }

  /** Judges all anew, as time has passed; services that look different, and their last status. */
  takeChanged(): { readonly serviceId: string; readonly before: ServiceStatus | null }[] {
    for (const entry of this.#entries.values()) this.#judge(entry);
    const changed = Array.from(this.#changed, (serviceId) => {
      const entry = this.#entries.get(serviceId);
      const before = entry?.toldStatus ?? null;
      if (entry !== undefined) entry.toldStatus = entry.status;
      return { serviceId, before };
    });
    this.#changed.clear();
    return changed;
  }

  /** A service as it is shown; undefined when there is none. */
  view(serviceId: string): ServiceView | undefined {
    const entry = this.#entries.get(serviceId);
    if (entry === undefined) return undefined;
    return this.#view(entry, versionDefaults(this.#parts.services()).has(serviceId));
  }

  /** All services, in order of registration. */
  views(): ServiceView[] {
    const services = this.#parts.services();
    const defaults = versionDefaults(services);
    return services.flatMap(({ id }) => {
      const entry = this.#entries.get(id);
      return entry === undefined ? [] : [this.#view(entry, defaults.has(id))];
    });
  }

  /** Calls under way. */
  inFlight(): number {
    let calls = 0;
    for (const { inFlight } of this.#entries.values()) {
      for (const counts of inFlight.values()) {
        for (const count of counts.values()) calls += count;
      }
    }
    return calls;
  }

  #view(entry: Entry, isVersionDefault: boolean): ServiceView {
    const { activity, endpoints, record } = entry;
    const nowMs = this.#parts.nowMs();
    const { credential } = record;
    const endpointViews = record.endpoints.map((endpoint) => {
      const health = endpoints.get(endpoint.baseUrl);
      return {
        ...endpoint,
        status: health?.status ?? ServiceStatus.Unknown,
        reason: health?.reason ?? "not checked yet",
        checkedAtMs: health?.checkedAtMs ?? null,
        checkMs: health?.checkMs ?? null,
        inFlight: inFlightAt(entry, endpoint.baseUrl),
      };
    });
    const failed = entry.lastFailed;
    return {
      ...record,
      credential: credential === null ? null : { ...credential, value: MASK },
      status: entry.status,
      statusSinceMs: entry.sinceMs,
      reason: entry.reason,
      endpointViews,
      publicPaths: publicPathsOf(record, isVersionDefault),
      recent: {
        ...activity.summary(nowMs),
        inFlight: endpointViews.reduce((sum, endpoint) => sum + endpoint.inFlight, 0),
        lastFailedTraceId:
          failed !== null && failed.atMs > nowMs - this.#parts.activityWindowMs
            ? failed.traceId
            : null,
      },
    };
  }

  #entryOf(
    { namespace, serviceId }: { readonly namespace: string; readonly serviceId: string | null },
    own: string,
  ): Entry | undefined {
    if (namespace !== own || serviceId === null) return undefined;
    const entry = this.#entries.get(serviceId);
    if (entry !== undefined) this.#changed.add(serviceId);
    return entry;
  }

  /** A batch tells all calls under way, so what it does not name has ended. */
  #countInFlight(batch: CallBatch, plane: number, namespace: string): void {
    const counts = new Map<string, Map<string, number>>();
    for (const busy of batch.inFlight) {
      if (busy.namespace !== namespace) continue;
      const own = counts.get(busy.serviceId) ?? new Map<string, number>();
      own.set(busy.baseUrl, (own.get(busy.baseUrl) ?? 0) + busy.calls);
      counts.set(busy.serviceId, own);
    }
    for (const [serviceId, entry] of this.#entries) {
      const own = counts.get(serviceId);
      if (own === undefined && !entry.inFlight.has(plane)) continue;
      if (own === undefined) entry.inFlight.delete(plane);
      else entry.inFlight.set(plane, own);
      this.#changed.add(serviceId);
    }
  }

  #judge(entry: Entry): void {
    const { status, reason } = this.#judgement(entry);
    if (status !== entry.status) entry.sinceMs = this.#parts.nowMs();
    if (status !== entry.status || reason !== entry.reason) this.#changed.add(entry.record.id);
    entry.status = status;
    entry.reason = reason;
  }

  #judgement(entry: Entry): { readonly status: ServiceStatus; readonly reason: string } {
    const missing = missingVariable(entry.record.credential, this.#parts.environment);
    if (missing !== undefined) {
      const reason = `its credential needs ${missing}, which is not set`;
      return { status: ServiceStatus.Unhealthy, reason };
    }
    const found = statusOf([...entry.endpoints.values()]);
    const { calls, failed } = entry.activity.latest(this.#parts.nowMs());
    const share = calls < FEWEST_CALLS ? 0 : failed / calls;
    entry.isFailing = share >= FAILING_SHARE || (entry.isFailing && share > WELL_SHARE);
    const isWorse = found.status === ServiceStatus.Unhealthy;
    if (!entry.isFailing || isWorse) return found;
    const latestMs = this.#parts.activityWindowMs / 5;
    const latest = latestMs === 60_000 ? "minute" : formatDuration(latestMs);
    const words = `${failed} of ${calls} calls failed in the last ${latest}`;
    return { status: ServiceStatus.Degraded, reason: words };
  }
}

function newEntry(record: ServiceRecord, { nowMs, activityWindowMs }: BoardParts): Entry {
  return {
    record,
    endpoints: new Map(),
    activity: new ActivityWindow(activityWindowMs),
    inFlight: new Map(),
    lastFailed: null,
    isFailing: false,
    status: ServiceStatus.Unknown,
    reason: "",
    sinceMs: nowMs(),
    toldStatus: null,
  };
}

function inFlightAt(entry: Entry, baseUrl: string): number {
  let calls = 0;
  for (const counts of entry.inFlight.values()) calls += counts.get(baseUrl) ?? 0;
  return calls;
}
