// A whole system in one process for the tests of this folder: real components over volatile
// stores, composed in the plainest way.

import { AgentCommunicationProtocol } from "../../communication/index.ts";
import type { AgentView, CommunicationEvent, OperatorMail } from "../../communication/index.ts";
import { Listeners, noComponentLog, systemClock } from "../../core/index.ts";
import type { JsonObject } from "../../core/index.ts";
import { PerformanceDashboard } from "../../dashboard/index.ts";
import type {
  DeadLetterCount,
  FleetDigest,
  FleetEvent,
  FleetSource,
} from "../../dashboard/index.ts";
import { APIGateway } from "../../gateway/index.ts";
import type { GatewayIdentity } from "../../gateway/index.ts";
import { PerformanceProfiler, ProfileDesk, VolatileProfileStore } from "../../profiler/index.ts";
import { PerformanceTracker } from "../../tracker/index.ts";
import type { TimeRange } from "../../tracker/index.ts";
import { AgentLogs } from "../agent-logs.ts";
import type {
  ConfigurationRow,
  Fleet,
  FleetNamespace,
  NamespaceView,
  ReadinessCheck,
  ServerFacts,
} from "../fleet.ts";
import type { Kpi } from "../kpi.ts";
import type { TraceView } from "../trace-view.ts";

/** Whom a key belongs to. */
export type Identify = (secret: string) => GatewayIdentity | undefined;

/** One namespace of the test system. */
export class TestNamespace implements FleetNamespace {
  readonly name: string;
  readonly communication: AgentCommunicationProtocol;
  readonly tracker: PerformanceTracker;
  readonly dashboard: PerformanceDashboard;
  readonly gateway: APIGateway;
  readonly profiler: PerformanceProfiler;
  readonly profiles: ProfileDesk;
  readonly profileStore = new VolatileProfileStore({ maxProfiles: 2000 });
  readonly logs = new AgentLogs();
  readonly heartbeatIntervalMs = 30_000;

  constructor(name: string, identify?: Identify) {
    this.name = name;
    this.communication = new AgentCommunicationProtocol({}, { namespace: name });
    this.tracker = new PerformanceTracker({}, { namespace: name });
    this.gateway = new APIGateway(
      { anonymous: true },
      identify === undefined ? { namespace: name } : { namespace: name, identify },
    );
    this.profiler = new PerformanceProfiler({}, { namespace: name });
    this.profiles = new ProfileDesk(
      {},
      {
        namespace: name,
        store: this.profileStore,
        clock: systemClock,
        log: noComponentLog,
        tell: async (agentId, order) => {
          await this.communication.requestProfile(agentId, order);
        },
        isAlive: (agentId) => this.communication.view(agentId)?.presence.state !== "down",
      },
    );
    this.dashboard = new PerformanceDashboard(
      { refreshInterval: 3600 },
      {
        fleet: new TestSource(this.communication),
        namespace: name,
        performanceTracker: this.tracker,
        services: this.gateway,
      },
    );
  }

  async start(): Promise<void> {
    await this.communication.start();
    await this.gateway.start();
    await this.dashboard.start();
  }

  async stop(): Promise<void> {
    await this.dashboard.stop();
    await this.communication.stop();
    await this.gateway.stop();
    await this.profiles.stop();
    await this.profiler.stop();
    await this.tracker.stop();
  }

  async trace(traceId: string): Promise<TraceView | undefined> {
    const spans = await this.profiler.getSpans({ traceId });
    if (spans.length === 0) return undefined;
    const oldestFirst = spans.toReversed();
    return {
      traceId,
      fromMs: Math.min(...spans.map(({ startMs }) => startMs)),
      toMs: Math.max(...spans.map(({ startMs, durationMs }) => startMs + durationMs)),
      spans: oldestFirst.map((span) => ({
        id: span.spanId,
        parentId: span.parentSpanId,
        kind: "scope",
        name: span.name,
        agentId: span.agentId,
        fromMs: span.startMs,
        toMs: span.startMs + span.durationMs,
        ok: span.ok,
        detail: span.error,
        ref: { kind: "span", id: span.spanId },
      })),
      alerts: await this.dashboard.getAlerts({ traceId }),
      audit: [],
    };
  }

  kpis({ fromMs = 0, toMs = Date.now() }: TimeRange = {}): Promise<readonly Kpi[]> {
    const health: Kpi = {
      id: "system_health",
      group: "health",
      title: "System health",
      unit: "points",
      value: this.dashboard.summary().health.score,
      statistics: null,
      subjects: [],
      meaning: "100 without what is wrong",
      fromMs,
      toMs,
    };
    return Promise.resolve([health]);
  }

  onConversationChange(callback: (conversationId: string) => void): Disposable {
    return this.communication.onEvent((event) => {
      if (event.kind === "message.accepted") callback(event.message.conversationId);
    });
  }
}

/** Shows communication to the dashboard: every event about agents, and who joined. */
class TestSource implements FleetSource {
  readonly #communication: AgentCommunicationProtocol;
  readonly #listeners = new Listeners<FleetEvent>();

  constructor(communication: AgentCommunicationProtocol) {
    this.#communication = communication;
    communication.onEvent((event) => this.#take(event));
  }

  agents(): readonly AgentView[] {
    return this.#communication.views();
  }

  agentIds(): Iterable<string> {
    return this.#communication.agentIds();
  }

  digest(): FleetDigest {
    return this.#communication.digest();
  }

  agent(agentId: string): AgentView | undefined {
    return this.#communication.view(agentId);
  }

  deadLetters(): DeadLetterCount {
    return this.#communication.deadLetterCount();
  }

  operatorMail(): OperatorMail {
    return this.#communication.operatorMail();
  }

  onEvent(callback: (event: FleetEvent) => void): Disposable {
    return this.#listeners.add(callback);
  }

  #take(event: CommunicationEvent): void {
    if (event.kind === "agent.removed") {
      this.#listeners.emit({ kind: "agent-removed", agentId: event.agentId });
    }
    if (!("agent" in event)) return;
    const agentId = event.agent.id;
    this.#listeners.emit({ kind: "agents-changed", agentIds: [agentId] });
    if (event.kind !== "agent.registered") return;
    const text = `${agentId} joined`;
    this.#listeners.emit({ kind: "feed", feedKind: "joined", level: "info", agentId, text });
  }
}

/** A fleet with the namespaces `default` and `other`. */
export class TestFleet implements Fleet {
  readonly epoch = "epoch-1";
  readonly checks: Record<string, ReadinessCheck> = { ledger: { ok: true } };
  /** Makes a namespace that is not there one that may still come. */
  restoring = false;
  readonly #identify: Identify | undefined;
  readonly #namespaces = new Map<string, TestNamespace>();
  readonly #records = new Map<string, NamespaceView>();

  constructor(identify?: Identify) {
    this.#identify = identify;
  }

  async start(): Promise<void> {
    for (const name of ["default", "other"]) await this.putNamespace(name, {});
  }

  async stop(): Promise<void> {
    for (const namespace of this.#namespaces.values()) await namespace.stop();
  }

  namespace(name: string): TestNamespace | undefined {
    return this.#namespaces.get(name);
  }

  get home(): TestNamespace {
    const namespace = this.#namespaces.get("default");
    if (namespace === undefined) throw new Error("The test fleet has not been started");
    return namespace;
  }

  namespaces(): Promise<readonly NamespaceView[]> {
    return Promise.resolve([...this.#records.values()]);
  }

  async putNamespace(
    name: string,
    config: JsonObject = {},
  ): Promise<{ record: NamespaceView; created: boolean }> {
    const record = { name, createdAtMs: 1_700_000_000_000, config, running: true };
    const created = !this.#namespaces.has(name);
    this.#records.set(name, record);
    if (created) {
      const namespace = new TestNamespace(name, this.#identify);
      await namespace.start();
      this.#namespaces.set(name, namespace);
    }
    return { record, created };
  }

  async deleteNamespace(name: string): Promise<void> {
    await this.#namespaces.get(name)?.stop();
    this.#namespaces.delete(name);
    this.#records.delete(name);
  }

  isRestoring(): boolean {
    return this.restoring;
  }

  readiness(): Promise<Readonly<Record<string, ReadinessCheck>>> {
    return Promise.resolve(this.checks);
  }

  configuration(): readonly ConfigurationRow[] {
    const row = { key: "server.port", value: 2355, source: "default", unit: "port" };
    return [{ ...row, description: "Port of the control plane", default: 2355 }];
  }

  facts(): ServerFacts {
    return {
      version: "0.0.0-test",
      startedAtMs: 1_700_000_000_000,
      dataFolder: null,
      dashboardUrl: null,
      gatewayUrl: null,
      pid: process.pid,
      node: process.version,
      threads: ["main"],
    };
  }
}
