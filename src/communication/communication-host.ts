// The life of a protocol: its start with the first call, its stop, who listens to it, and what can
// be seen of it without waiting.

import {
  DEFAULT_NAMESPACE,
  Listeners,
  nameProblem,
  noComponentLog,
  noTelemetry,
  systemClock,
} from "../core/index.ts";
import type { ActivityKind, Clock, ComponentLog, Telemetry } from "../core/index.ts";
import { CommunicationRuntime } from "./communication-runtime.ts";
import { communicationSettings } from "./config.ts";
import type { CommunicationOptions, CommunicationSettings } from "./config.ts";
import type { DeadLetterSummary } from "./dead-letter-book.ts";
import { CommunicationError } from "./errors.ts";
import type { Agent, AgentsDigest, AgentView, Message } from "./model.ts";
import type * as requests from "./requests.ts";
import type { CommunicationStore } from "./store.ts";
import { VolatileCommunicationStore } from "./volatile-store.ts";
import type { OperatorMail } from "./wait-graph.ts";

const NOBODY: AgentsDigest = {
  total: 0,
  counts: { working: 0, waiting: 0, idle: 0, stuck: 0, down: 0, left: 0 },
  paused: 0,
  quarantined: 0,
  attention: [],
  oldestMailAtMs: null,
};

/** What the protocol stands on; every part has a default for use as a library. */
export interface CommunicationDependencies {
  /** @default "default" */
  readonly namespace?: string;
  /** @default a VolatileCommunicationStore */
  readonly store?: CommunicationStore;
  /** @default the machine's clock */
  readonly clock?: Clock;
  /** @default none */
  readonly telemetry?: Telemetry;
  /** @default none */
  readonly log?: ComponentLog;
  /**
   * Told of an agent that was paused, quarantined or let go, and waited for before the change is
   * answered: whoever enforces holds elsewhere (the gateway) has done so by then. @default nobody
   */
  readonly onHold?: (agent: Agent) => Promise<void>;
}

/** What every protocol object has, whatever it offers above. */
export class CommunicationHost implements AsyncDisposable {
  readonly namespace: string;
  readonly settings: CommunicationSettings;
  readonly #events = new Listeners<requests.CommunicationEvent>();
  protected readonly store: CommunicationStore;
  protected readonly clock: Clock;
  readonly #telemetry: Telemetry;
  readonly #log: ComponentLog;
  readonly #onHold: (agent: Agent) => Promise<void>;
  protected runtime: CommunicationRuntime | undefined;
  #starting: Promise<CommunicationRuntime> | undefined;
  /** The run that is starting or runs. */
  #begun: CommunicationRuntime | undefined;
  #stopped = false;

  /** @throws z.ZodError on options, CommunicationError on a namespace that cannot be used. */
  constructor(options: CommunicationOptions = {}, dependencies: CommunicationDependencies = {}) {
    const { namespace = DEFAULT_NAMESPACE } = dependencies;
    const problem = nameProblem(namespace);
    if (problem !== undefined) {
      const message = `The namespace "${namespace}" ${problem}`;
      throw new CommunicationError("communication.name_invalid", message);
    }
    this.namespace = namespace;
    this.settings = communicationSettings(options);
    this.clock = dependencies.clock ?? systemClock;
    this.store =
      dependencies.store ?? new VolatileCommunicationStore(this.settings.maxMessageHistory);
    this.#telemetry = dependencies.telemetry ?? noTelemetry;
    this.#log = dependencies.log ?? noComponentLog;
    this.#onHold = dependencies.onHold ?? (async () => undefined);
  }

  /** Loads what the store remembers and starts the timers. Starting twice is one start. */
  async start(): Promise<void> {
    this.#stopped = false;
    await this.open();
  }

  /** Ends waiting claims with empty lists and waits for what is being stored. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const runtime = await this.#starting?.catch(() => undefined);
    this.#starting = undefined;
    this.runtime = undefined;
    await runtime?.stop();
  }

  /** Messages that the start has brought back, so far while it is under way. */
  get restoredMessages(): number {
    return this.#begun?.restoredMessages ?? 0;
  }

  /** The same as {@link start}. */
  startCommunication(): Promise<void> {
    return this.start();
  }

  /** The same as {@link stop}. */
  stopCommunication(): Promise<void> {
    return this.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** What is known of every agent now, from memory; empty before the start. */
  views(): readonly AgentView[] {
    const runtime = this.runtime;
    if (runtime === undefined) return [];
    return Array.from(runtime.context.registry.all(), (record) => runtime.presence.view(record));
  }

  /** Ids of all agents in order of registration, from memory. */
  agentIds(): readonly string[] {
    const registry = this.runtime?.context.registry;
    return registry === undefined ? [] : Array.from(registry.all(), ({ agent }) => agent.id);
  }

  /** Counts over all agents and views of those that may need somebody, from memory. */
  digest(): AgentsDigest {
    return this.runtime?.presence.digest() ?? NOBODY;
  }

  /** As {@link getAgentInfo}, from memory. */
  view(agentId: string): AgentView | undefined {
    const record = this.runtime?.context.registry.get(agentId);
    return record === undefined ? undefined : this.runtime?.presence.view(record);
  }

  /** Dead letters that wait for someone, from memory. */
  deadLetterCount(): DeadLetterSummary {
    return this.runtime?.context.deadLetters.summary() ?? { count: 0, oldestAtMs: null };
  }

  /** Requests that wait for a person's answer, from memory. */
  operatorMail(): OperatorMail {
    const none = { count: 0, agentIds: [], oldestAtMs: null };
    return this.runtime?.context.waits.operatorMail() ?? none;
  }

  /** Whether what an agent sends and measures is refused now. Unknown agents are not. */
  isQuarantined(agentId: string): boolean {
    return (this.runtime?.context.registry.get(agentId)?.agent.quarantined ?? null) !== null;
  }

  /** How often agents should send a heartbeat. */
  get heartbeatIntervalMs(): number {
    return this.settings.heartbeatIntervalMs;
  }

  /** Notes that an agent did something elsewhere (a metric, a call). Unknown agents are ignored. */
  recordActivity(agentId: string, kind: ActivityKind): void {
    const runtime = this.runtime;
    const record = runtime?.context.registry.get(agentId);
    if (runtime === undefined || record === undefined) return;
    if (kind === "output") runtime.presence.output(record, false);
    else runtime.presence.life(record);
  }

  /** Called with every message once it is accepted. */
  addMessageCallback(callback: (message: Message) => void): Disposable {
    return this.#events.add((event) => {
      if (event.kind === "message.accepted") callback(event.message);
    });
  }

  /** Called with every change of what we see of an agent. */
  addStateCallback(callback: (change: requests.StateEvent) => void): Disposable {
    return this.#events.add((event) => {
      if (event.kind !== "agent.state") return;
      const record = this.runtime?.context.registry.get(event.change.agentId);
      if (this.runtime === undefined || record === undefined) return;
      callback({ agent: this.runtime.presence.view(record), previous: event.previous });
    });
  }

  /** Called with everything that happens. */
  onEvent(callback: (event: requests.CommunicationEvent) => void): Disposable {
    return this.#events.add(callback);
  }

  /** The running parts; starts them with the first call. */
  protected async open(): Promise<CommunicationRuntime> {
    if (this.#stopped) {
      const message = `Communication of namespace "${this.namespace}" is stopped`;
      throw new CommunicationError("communication.stopped", message);
    }
    if (this.runtime !== undefined) return this.runtime;
    this.#starting ??= this.#begin();
    return this.#starting;
  }

  async #begin(): Promise<CommunicationRuntime> {
    const runtime = new CommunicationRuntime({
      namespace: this.namespace,
      settings: this.settings,
      store: this.store,
      clock: this.clock,
      telemetry: this.#telemetry,
      log: this.#log,
      events: this.#events,
      onHold: this.#onHold,
    });
    this.#begun = runtime;
    try {
      await runtime.start();
    } catch (error) {
      this.#starting = undefined;
      throw error;
    }
    this.runtime = runtime;
    return runtime;
  }
}
