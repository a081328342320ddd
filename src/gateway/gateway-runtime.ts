// One run of one namespace's gateway, from start to stop: the registry, what is known of its
// services, their health checks, the history, and the data planes that carry the calls.
//
//     changes ──> registry ──> plan ──────────────> data planes ── batches ──┬─> board ──> plan
//     checks ───> board ─────────^                                           ├─> metrics
//                                                                            └─> history ──> store

import type { Clock, ComponentLog, Listeners, Telemetry } from "../core/index.ts";
import { AvailabilityRounds } from "./availability-rounds.ts";
import { CallOutcome, isServiceFailure } from "./call-outcome.ts";
import { CallHistory } from "./call-history.ts";
import { CallMetrics } from "./call-metrics.ts";
import type { Middleware } from "./call.ts";
import type { GatewaySettings } from "./config.ts";
import type { CallBatch, DataPlane, NamespacePlan } from "./data-plane.ts";
import { HealthChecker } from "./health-checker.ts";
import type { CheckResult } from "./health-checker.ts";
import { HealthProbe } from "./health-probe.ts";
import { InProcessDataPlane } from "./in-process-data-plane.ts";
import type { CallRecord, ServiceView } from "./model.ts";
import { compilePlan } from "./plan-compiler.ts";
import type { Environment, MadePlans } from "./plan-compiler.ts";
import { PlanPusher } from "./plan-pusher.ts";
import { ServiceBoard } from "./service-board.ts";
import { ServiceRegistry } from "./service-registry.ts";
import type { RegistryChange } from "./service-registry.ts";
import type { CallStore, ServiceStore } from "./store.ts";

const TICK_MS = 1000;
const PRUNE_EVERY_MS = 60_000;

/** What a run is made of. */
export interface GatewayParts {
  readonly namespace: string;
  readonly settings: GatewaySettings;
  readonly anonymous: boolean;
  readonly clock: Clock;
  readonly log: ComponentLog;
  readonly telemetry: Telemetry;
  readonly serviceStore: ServiceStore;
  readonly callStore: CallStore;
  readonly environment: Environment;
  readonly middleware: readonly Middleware[];
  /** Carries calls of other namespaces, too. */
  readonly sharedPlane: DataPlane | undefined;
  readonly serviceEvents: Listeners<ServiceView>;
  readonly callEvents: Listeners<CallRecord>;
  /** Agents whose calls are refused; outlives the run. */
  readonly held: ReadonlyMap<string, "paused" | "quarantined">;
}

/** Totals since the start. */
export interface GatewayTotals {
  calls: number;
  /** As services count them: see ServiceActivity. */
  failed: number;
  /** Refused by a rate limit of the gateway. */
  limited: number;
  /** Counted and measured, but not told of one by one. */
  omitted: number;
}

/** One run of one namespace. */
export class GatewayRuntime {
  readonly registry: ServiceRegistry;
  readonly board: ServiceBoard;
  readonly history: CallHistory;
  readonly ownPlane: InProcessDataPlane;
  readonly totals: GatewayTotals = { calls: 0, failed: 0, limited: 0, omitted: 0 };
  readonly #parts: GatewayParts;
  readonly #metrics: CallMetrics;
  readonly #checker: HealthChecker;
  readonly #rounds: AvailabilityRounds;
  readonly #probe: HealthProbe;
  readonly #pusher: PlanPusher;
  readonly #madePlans: MadePlans = new WeakMap();
  readonly #batches: Disposable[] = [];
  #timer: Disposable | undefined;
  #lastPruneMs = 0;
  #stopped = false;

  constructor(parts: GatewayParts) {
    const { clock, environment, log, namespace, settings } = parts;
    this.#parts = parts;
    const { rateLimits, instanceId } = parts.sharedPlane ?? {};
    this.ownPlane = new InProcessDataPlane({
      host: settings.host,
      port: settings.port,
      middleware: parts.middleware,
      maxConcurrentCalls: settings.maxConcurrentCalls,
      maxUpstreamConnections: settings.maxUpstreamConnections,
      maxBodyBytes: settings.maxBodyBytes,
      streamIdleMs: settings.streamIdleTimeoutMs,
      defaultNamespace: namespace,
      clock,
      log,
      ...(rateLimits === undefined ? {} : { rateLimits }),
      ...(instanceId === undefined ? {} : { instanceId }),
    });
    this.registry = new ServiceRegistry({
      namespace,
      clock,
      store: parts.serviceStore,
      maxServices: settings.maxServices,
      ownPorts: () => this.#ownPorts(),
      onChange: (change) => this.#changed(change),
    });
    this.board = new ServiceBoard({
      services: () => this.registry.all(),
      environment,
      nowMs: () => clock.now(),
      activityWindowMs: settings.activityWindowMs,
    });
    this.history = new CallHistory({ ...settings, namespace, clock, log, store: parts.callStore });
    this.#metrics = new CallMetrics(namespace, parts.telemetry);
    this.#probe = new HealthProbe(clock, settings.healthCheckTimeoutMs);
    this.#checker = new HealthChecker({
      clock,
      log,
      probe: this.#probe,
      intervalMs: settings.healthCheckIntervalMs,
      onResult: (result) => this.#checked(result),
    });
    this.#rounds = new AvailabilityRounds({
      clock,
      intervalMs: settings.healthCheckIntervalMs,
      isAvailable: (serviceId) => this.board.isAvailable(serviceId),
      record: (serviceId, available) => this.#metrics.available(serviceId, available),
    });
    this.#pusher = new PlanPusher(
      clock,
      (revision) => this.#compile(revision),
      (plan) => this.#apply(plan),
    );
  }

  /** The planes, its own first. */
  get planes(): readonly DataPlane[] {
    const { sharedPlane } = this.#parts;
    return sharedPlane === undefined ? [this.ownPlane] : [this.ownPlane, sharedPlane];
  }

  /** Takes over what the stores remember, then begins to serve and to check. */
  async start(): Promise<void> {
    const { callEvents, clock, log, namespace } = this.#parts;
    await this.history.load();
    await this.registry.load();
    for (const record of this.registry.all()) this.board.put(record);
    this.history.follow((call) => callEvents.emit(call));
    this.planes.forEach((plane, index) => {
      this.#batches.push(plane.onBatch((batch) => this.#took(batch, index)));
    });
    await this.#pusher.push();
    this.#checker.follow(this.board.targets());
    this.#lastPruneMs = clock.monotonic();
    this.#tick();
    log.info("gateway.started", { namespace, services: this.registry.size });
  }

  /** Serves no more; what was called is stored. */
  async stop(): Promise<void> {
    const { log, namespace, sharedPlane } = this.#parts;
    this.#stopped = true;
    this.#timer?.[Symbol.dispose]();
    this.#checker.stop();
    this.#rounds.stop();
    await this.#probe.close();
    await this.registry.settled();
    // A plan that arrives after remove() would serve the namespace on for good.
    await this.#pusher.stop();
    await this.ownPlane.close();
    await sharedPlane?.remove(namespace).catch((error: unknown) => {
      log.debug("gateway.plane_gone", { namespace, error });
    });
    for (const batches of this.#batches) batches[Symbol.dispose]();
    await this.history.flush();
    log.info("gateway.stopped", { namespace });
  }

  /** Resolves when calls that begin from now on follow everything that is so now. */
  push(): Promise<void> {
    return this.#pusher.push();
  }

  /** Resolves when the changes made so far are in force. */
  inForce(): Promise<void> {
    return this.#pusher.inForce();
  }

  /** Resolves once every change asked for so far is made and in force, or refused. */
  async settled(): Promise<void> {
    await this.registry.settled();
    await this.#pusher.settled();
  }

  /** Counts in what its own plane has not told yet, so that a call made is a call seen. */
  collect(): void {
    this.ownPlane.flush();
  }

  /** Breaks off an agent's calls under way; the number of them. */
  async cut(agentId: string): Promise<number> {
    const { namespace } = this.#parts;
    const counts = await Promise.all(this.planes.map((plane) => plane.cut(namespace, agentId)));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /** Asks all endpoints of a service now. */
  async checkHealth(serviceId: string): Promise<void> {
    const record = this.registry.require(serviceId);
    if (record.healthCheckUrl !== null) {
      await this.#checker.checkNow(serviceId);
      // A first failure is doubted when nobody waits; here somebody does.
      if (this.board.isDoubted(serviceId)) await this.#checker.checkNow(serviceId);
      return;
    }
    await Promise.all(
      record.endpoints.map(async ({ baseUrl }) => {
        const result = await this.#probe.ask(baseUrl, "any");
        this.board.probed(serviceId, baseUrl, result, this.#parts.clock.now());
      }),
    );
    this.#tellChanges();
  }

  #compile(revision: number): NamespacePlan {
    const { anonymous, environment, held, namespace, settings } = this.#parts;
    const parts = {
      namespace,
      revision,
      settings,
      anonymous,
      environment,
      held: Object.fromEntries(held),
      isUsable: (serviceId: string, baseUrl: string) => this.board.isUsable(serviceId, baseUrl),
    };
    return compilePlan(this.registry.all(), parts, this.#madePlans);
  }

  async #apply(plan: NamespacePlan): Promise<void> {
    await Promise.all(this.planes.map((plane) => plane.apply(plan)));
  }

  #changed({ serviceId, after }: RegistryChange): void {
    if (after === null) this.board.remove(serviceId);
    else this.board.put(after);
    this.#checker.follow(this.board.targets());
    this.#pushInBackground();
    this.#tellChanges();
  }

  #checked(result: CheckResult): void {
    const found = this.board.checked(result);
    if (found === undefined) return;
    this.#rounds.checked(result.serviceId);
    if (found.planChanged) this.#pushInBackground();
    this.#tellChanges();
  }

  #took(batch: CallBatch, plane: number): void {
    const { namespace } = this.#parts;
    for (const serviceId of this.board.took(batch, plane, namespace)) {
      this.#checker.hurry(serviceId);
    }
    let isOwn = false;
    for (const aggregate of batch.aggregates) {
      if (aggregate.namespace !== namespace) continue;
      isOwn = true;
      this.#metrics.took(aggregate);
      const count = aggregate.durationsSeconds.length;
      this.totals.calls += count;
      if (isServiceFailure(aggregate.outcome)) this.totals.failed += count;
      if (aggregate.outcome === CallOutcome.RateLimited) this.totals.limited += count;
    }
    // Nobody knows whose they were; every namespace that took part says so.
    if (isOwn) this.totals.omitted += batch.omitted;
    this.history.add(batch.calls.filter((call) => call.namespace === namespace));
  }

  #tick(): void {
    if (this.#stopped) return;
    const { clock, log } = this.#parts;
    try {
      this.#tellChanges();
      this.#store();
    } catch (error) {
      // One bad turn must not stop time for everybody.
      log.error("gateway.tick_failed", { error });
    }
    this.#timer = clock.after(TICK_MS, () => this.#tick());
  }

  #store(): void {
    const { clock, log } = this.#parts;
    const nowMs = clock.monotonic();
    const isPruneDue = this.history.isPruneDue || nowMs - this.#lastPruneMs >= PRUNE_EVERY_MS;
    if (isPruneDue) this.#lastPruneMs = nowMs;
    this.history
      .flush()
      .then(() => (isPruneDue ? this.history.prune() : undefined))
      .catch((error: unknown) => log.error("gateway.history_failed", { error }));
  }

  #tellChanges(): void {
    const { log, serviceEvents } = this.#parts;
    for (const { serviceId, before } of this.board.takeChanged()) {
      const view = this.board.view(serviceId);
      if (view === undefined) continue;
      if (before !== view.status) {
        const { reason, status } = view;
        log.info("gateway.service_status", { serviceId, status, before, reason });
      }
      serviceEvents.emit(view);
    }
  }

  #pushInBackground(): void {
    this.#pusher.push().catch((error: unknown) => {
      this.#parts.log.error("gateway.plan_not_applied", { error });
    });
  }

  #ownPorts(): ReadonlySet<number> {
    const addresses = this.planes.flatMap((plane) => plane.address ?? []);
    return new Set(addresses.map((address) => address.port));
  }
}
