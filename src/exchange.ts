// One namespace's components, wired to each other: what agents say, call and do becomes metrics,
// presence, alerts and lines of the feed, without any component importing another.

import { AgentCommunicationProtocol } from "./communication/index.ts";
import type { CommunicationEvent, CommunicationStore } from "./communication/index.ts";
import { Listeners, systemClock } from "./core/index.ts";
import type { ComponentLog, JsonObject } from "./core/index.ts";
import { PerformanceDashboard } from "./dashboard/index.ts";
import type { AlertStore, EventNumbers, FeedStore, ReportExtras } from "./dashboard/index.ts";
import { CostHistory } from "./cost-history.ts";
import { ExchangeLinks } from "./exchange-links.ts";
import { APIGateway } from "./gateway/index.ts";
import type { CallStore, DataPlane, ServiceStore } from "./gateway/index.ts";
import { keyFigures } from "./kpis.ts";
import { PerformanceProfiler, ProfileDesk } from "./profiler/index.ts";
import type {
  ProfileConversion,
  ProfileSampler,
  ProfileStore,
  SystemProbe,
} from "./profiler/index.ts";
import type { AuditLog } from "./security/index.ts";
import { AgentLogs } from "./server/index.ts";
import type { FleetNamespace, Kpi, TraceView } from "./server/index.ts";
import { SeriesHealth } from "./series-health.ts";
import { gatherTrace } from "./trace-desk.ts";
import { PerformanceTracker } from "./tracker/index.ts";
import type { SeriesStore, TimeRange } from "./tracker/index.ts";

/** Options of the components of one namespace, by component. */
export interface ExchangeConfig {
  readonly communication: JsonObject;
  readonly gateway: JsonObject;
  readonly tracker: JsonObject;
  readonly profiler: JsonObject;
  readonly dashboard: JsonObject;
}

/** Where the components keep what outlives the process. */
export interface ExchangeStores {
  readonly communication: CommunicationStore;
  readonly services: ServiceStore;
  readonly alerts: AlertStore;
  readonly feed: FeedStore;
  readonly series: SeriesStore;
  readonly calls: CallStore;
  readonly profiles: ProfileStore;
}

/** What namespaces share. */
export interface ExchangeServices {
  readonly stores: ExchangeStores;
  readonly eventNumbers: EventNumbers;
  readonly plane: DataPlane;
  readonly probe: SystemProbe;
  readonly sampler: ProfileSampler;
  readonly conversion: ProfileConversion;
  readonly audit: AuditLog;
  readonly log: ComponentLog;
}

/** Functions a report names. */
const REPORT_PROFILES = 10;

/** The running components of one namespace. */
export class Exchange implements FleetNamespace {
  readonly name: string;
  readonly communication: AgentCommunicationProtocol;
  readonly gateway: APIGateway;
  readonly tracker: PerformanceTracker;
  readonly profiler: PerformanceProfiler;
  readonly profiles: ProfileDesk;
  readonly dashboard: PerformanceDashboard;
  readonly seriesHealth: SeriesHealth;
  readonly costHistory: CostHistory;
  readonly log: ComponentLog;
  readonly logs = new AgentLogs();
  readonly heartbeatIntervalMs: number;
  readonly #audit: AuditLog;
  readonly #conversations = new Listeners<string>();
  readonly #links: ExchangeLinks;

  constructor(name: string, config: ExchangeConfig, services: ExchangeServices) {
    this.name = name;
    this.#audit = services.audit;
    this.log = services.log;
    const { log, stores, plane, probe, sampler } = services;
    this.seriesHealth = new SeriesHealth(name, log, () => this.tracker);
    this.tracker = new PerformanceTracker(config.tracker, {
      namespace: name,
      store: stores.series,
      onStoreError: this.seriesHealth.noteError,
      onPruned: this.seriesHealth.notePruned,
    });
    const { telemetry } = this.tracker;
    const common = { namespace: name, telemetry, log };
    this.communication = new AgentCommunicationProtocol(config.communication, {
      ...common,
      store: stores.communication,
      onHold: (agent) => this.#links.hold(agent),
    });
    this.heartbeatIntervalMs = this.communication.heartbeatIntervalMs;
    this.gateway = new APIGateway(config.gateway, {
      ...common,
      serviceStore: stores.services,
      callStore: stores.calls,
      plane,
    });
    this.profiler = new PerformanceProfiler(config.profiler, {
      ...common,
      store: stores.profiles,
      host: probe,
      sampler,
    });
    this.profiles = new ProfileDesk(config.profiler, {
      namespace: name,
      store: stores.profiles,
      log,
      sampler,
      conversion: services.conversion,
      tell: (agentId, order) => this.communication.requestProfile(agentId, order),
      isAlive: (agentId) => this.communication.view(agentId)?.presence.state !== "down",
    });
    this.dashboard = new PerformanceDashboard(config.dashboard, {
      ...common,
      agentManager: this.communication,
      performanceTracker: this.tracker,
      services: this.gateway,
      alertStore: stores.alerts,
      feedStore: stores.feed,
      eventNumbers: services.eventNumbers,
      hostUsage: () => probe.latest(),
      reportExtras: (range) => this.#reportExtras(range),
    });
    const { tracker } = this;
    this.costHistory = new CostHistory({
      namespace: name,
      tracker,
      costs: this.dashboard.costs,
      log,
    });
    this.#links = new ExchangeLinks(this);
  }

  /** Loads what is stored and starts all components. */
  async start(): Promise<void> {
    await this.tracker.start();
    await this.communication.start();
    await this.gateway.start();
    await this.profiles.load();
    this.profiler.start();
    await this.costHistory.start();
    await this.#links.start((event) => this.#noteConversation(event));
    await this.dashboard.start();
  }

  /**
   * Stops all components; what they still hold is written first. One that cannot write it (a full
   * disk) does not keep the others from stopping; its error is thrown at the end.
   */
  async stop(): Promise<void> {
    this.#links[Symbol.dispose]();
    await using stopping = new AsyncDisposableStack();
    // Disposed in reverse.
    stopping.defer(() => this.tracker.stop());
    stopping.defer(() => this.dashboard.stop());
    stopping.defer(() => this.profiler.stop());
    stopping.defer(() => this.profiles.stop());
    stopping.defer(() => this.gateway.stop());
    stopping.defer(() => this.communication.stop());
    stopping.defer(() => this.costHistory.stop());
  }

  onConversationChange(callback: (conversationId: string) => void): Disposable {
    return this.#conversations.add(callback);
  }

  trace(traceId: string): Promise<TraceView | undefined> {
    return gatherTrace(traceId, {
      namespace: this.name,
      now: () => systemClock.now(),
      messages: (query) => this.communication.getMessages(query),
      tasks: (query) => this.communication.getTasks(query),
      calls: (query) => this.gateway.getCalls(query),
      spans: (query) => this.profiler.getSpans(query),
      alerts: (query) => this.dashboard.getAlerts(query),
      audit: (query) => this.#audit.read(query),
    });
  }

  kpis(range?: TimeRange): Promise<readonly Kpi[]> {
    return keyFigures(this.tracker, systemClock.now(), range);
  }

  async #reportExtras(range: TimeRange): Promise<ReportExtras> {
    const [kpis, { functions }] = await Promise.all([
      this.kpis(range),
      this.profiler.getProfilingSummary(range),
    ]);
    return { kpis, profiles: functions.slice(0, REPORT_PROFILES) };
  }

  #noteConversation(event: CommunicationEvent): void {
    if ("message" in event) this.#conversations.emit(event.message.conversationId);
  }
}
