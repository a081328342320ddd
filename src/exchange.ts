// One namespace's components, wired to each other: what agents say and do becomes metrics,
// presence and lines of the feed, without any component importing another.

import { AgentCommunicationProtocol } from "./communication/index.ts";
import type { CommunicationEvent, CommunicationStore } from "./communication/index.ts";
import { Listeners } from "./core/index.ts";
import type { ComponentLog, JsonObject, Telemetry } from "./core/index.ts";
import { COST_METRIC, CommunicationFleetSource, PerformanceDashboard } from "./dashboard/index.ts";
import type { EventNumbers, FeedStore, HostUsage } from "./dashboard/index.ts";
import { AgentLogs } from "./server/index.ts";
import type { FleetNamespace } from "./server/index.ts";
import { PerformanceTracker } from "./tracker/index.ts";
import type { SeriesStore } from "./tracker/index.ts";

/** Options of the components of one namespace, by component. */
export interface ExchangeConfig {
  readonly communication: JsonObject;
  readonly tracker: JsonObject;
  readonly dashboard: JsonObject;
}

/** What namespaces share. */
export interface ExchangeServices {
  readonly communicationStore: CommunicationStore;
  readonly seriesStore: SeriesStore;
  readonly feedStore: FeedStore;
  readonly eventNumbers: EventNumbers;
  readonly hostUsage: () => HostUsage | null;
  readonly log: ComponentLog;
}

/** Seconds that the oldest unclaimed message of the namespace has waited; 0 when none waits. */
const OLDEST_MAIL_METRIC = "oldest_message_age";

const MINUTE_MS = 60_000;
const COST_HISTORY_MS = 24 * 60 * MINUTE_MS;

/** The running components of one namespace. */
export class Exchange implements FleetNamespace {
  readonly name: string;
  readonly communication: AgentCommunicationProtocol;
  readonly tracker: PerformanceTracker;
  readonly dashboard: PerformanceDashboard;
  readonly logs = new AgentLogs();
  readonly heartbeatIntervalMs: number;
  readonly #fleet: CommunicationFleetSource;
  readonly #conversations = new Listeners<string>();
  readonly #subscriptions: Disposable[] = [];

  constructor(name: string, config: ExchangeConfig, services: ExchangeServices) {
    this.name = name;
    const { log } = services;
    this.tracker = new PerformanceTracker(config.tracker, {
      namespace: name,
      store: services.seriesStore,
    });
    this.communication = new AgentCommunicationProtocol(config.communication, {
      namespace: name,
      store: services.communicationStore,
      telemetry: telemetryOf(this.tracker),
      log,
    });
    this.heartbeatIntervalMs = this.communication.heartbeatIntervalMs;
    this.#fleet = new CommunicationFleetSource(this.communication);
    this.dashboard = new PerformanceDashboard(config.dashboard, {
      fleet: this.#fleet,
      namespace: name,
      feedStore: services.feedStore,
      eventNumbers: services.eventNumbers,
      hostUsage: services.hostUsage,
      log,
    });
  }

  /** Loads what is stored and starts all components. */
  async start(): Promise<void> {
    await this.tracker.start();
    await this.communication.start();
    await this.#restoreCosts();
    this.#subscriptions.push(
      this.communication.onEvent((event) => this.#noteConversation(event)),
      this.tracker.addMetricCallback((sample) => {
        if (sample.metric !== COST_METRIC || sample.agentId === null) return;
        this.dashboard.costs.add(sample.agentId, sample.atMs, sample.value);
      }),
    );
    const oldestMail = this.tracker.series({ namespace: this.name, metric: OLDEST_MAIL_METRIC });
    this.#subscriptions.push(
      this.dashboard.addUpdateCallback(({ atMs, oldestMailAtMs }) =>
        oldestMail.record(oldestMailAtMs === null ? 0 : Math.max(0, atMs - oldestMailAtMs) / 1000),
      ),
    );
    this.dashboard.start();
  }

  /**
   * Stops all components; what they still hold is written first. One that cannot write it (a full
   * disk) does not keep the others from stopping; its error is thrown at the end.
   */
  async stop(): Promise<void> {
    for (const subscription of this.#subscriptions) subscription[Symbol.dispose]();
    await using stopping = new AsyncDisposableStack();
    // Disposed in reverse.
    stopping.defer(() => this.#fleet[Symbol.dispose]());
    stopping.defer(() => this.tracker.stop());
    stopping.defer(() => this.dashboard.stop());
    stopping.defer(() => this.communication.stop());
  }

  onConversationChange(callback: (conversationId: string) => void): Disposable {
    return this.#conversations.add(callback);
  }

  #noteConversation(event: CommunicationEvent): void {
    if ("message" in event) this.#conversations.emit(event.message.conversationId);
  }

  /** The cost meter answers from memory; after a restart it is filled from the last day. */
  async #restoreCosts(): Promise<void> {
    const nowMs = Date.now();
    const series = await this.tracker.getSeries({
      metric: COST_METRIC,
      fromMs: nowMs - COST_HISTORY_MS,
      toMs: nowMs,
      stepMs: MINUTE_MS,
      aggregation: "sum",
      groupBy: "agent",
    });
    for (const { agentId, points } of series) {
      if (agentId === null) continue;
      for (const [atMs, usd] of points) this.dashboard.costs.add(agentId, atMs, usd);
    }
  }
}

/** The tracker as the port through which other components measure. */
function telemetryOf(tracker: PerformanceTracker): Telemetry {
  return {
    series: (key) => tracker.series(key),
    recent: (_namespace, agentId, metric) => tracker.recent(agentId, metric),
    // Communication knows its own agents' output first-hand.
    activity: () => undefined,
  };
}
