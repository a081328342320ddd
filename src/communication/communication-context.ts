// What all parts of communication share: one namespace's state in memory, its way to the store,
// and the clock. Parts receive it; none keeps state of its own elsewhere.

import { IdGenerator, randomToken } from "../core/index.ts";
import type { Clock, ComponentLog, Listeners, SeriesHandle, Telemetry } from "../core/index.ts";
import { AgentRegistry } from "./agent-registry.ts";
import type { AgentRecord, AgentSeries } from "./agent-registry.ts";
import type { CommunicationSettings } from "./config.ts";
import { DeadLetterBook } from "./dead-letter-book.ts";
import { DedupeWindow } from "./dedupe-window.ts";
import { Journal } from "./journal.ts";
import { communicationLimits } from "./limits.ts";
import { MailboxEngine } from "./mailbox-engine.ts";
import type { Agent } from "./model.ts";
import type { CommunicationEvent } from "./requests.ts";
import type { CommunicationStore } from "./store.ts";
import { TaskBook } from "./task-book.ts";
import { WaitGraph } from "./wait-graph.ts";

/** What a context is made of. */
export interface CommunicationParts {
  readonly namespace: string;
  readonly settings: CommunicationSettings;
  readonly store: CommunicationStore;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly log: ComponentLog;
  readonly events: Listeners<CommunicationEvent>;
  /** Told of holds, and waited for before the change is answered. */
  readonly onHold: (agent: Agent) => Promise<void>;
}

/** One namespace's working memory, from start to stop. */
export class CommunicationContext {
  readonly namespace: string;
  readonly settings: CommunicationSettings;
  readonly store: CommunicationStore;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly log: ComponentLog;
  readonly events: Listeners<CommunicationEvent>;
  readonly onHold: (agent: Agent) => Promise<void>;
  readonly ids: IdGenerator;
  readonly journal: Journal;
  readonly registry = new AgentRegistry();
  readonly engine: MailboxEngine;
  readonly waits = new WaitGraph();
  readonly tasks = new TaskBook();
  readonly deadLetters = new DeadLetterBook();
  readonly dedupe = new DedupeWindow(communicationLimits.dedupeKeys.value);
  /** Names this start; lease tokens of earlier starts are void. */
  readonly epoch = randomToken(40);
  /** Deliveries settled since the history was last pruned. */
  settledSincePrune = 0;
  readonly #ownSeries: AgentSeries = new Map();
  #lastSequence = 0;

  constructor(parts: CommunicationParts) {
    this.namespace = parts.namespace;
    this.settings = parts.settings;
    this.store = parts.store;
    this.clock = parts.clock;
    this.telemetry = parts.telemetry;
    this.log = parts.log;
    this.events = parts.events;
    this.onHold = parts.onHold;
    this.ids = new IdGenerator(parts.clock);
    this.journal = new Journal(parts.store, parts.namespace, parts.log);
    this.engine = new MailboxEngine(parts.settings);
  }

  /** The next sequence number of a delivery. */
  nextSequence(): number {
    return ++this.#lastSequence;
  }

  continueAfter(sequence: number): void {
    this.#lastSequence = Math.max(this.#lastSequence, sequence);
  }

  /**
   * Records a metric of an agent; of the server itself when the agent is not registered. What
   * measuring does wrong must not undo what was measured.
   */
  measure(record: AgentRecord | undefined, metric: string, value: number): void {
    try {
      this.#handle(record, metric).record(value);
    } catch (error) {
      this.log.warn("communication.measure_failed", { metric, error });
    }
  }

  #handle(record: AgentRecord | undefined, metric: string): SeriesHandle {
    const series = record?.series ?? this.#ownSeries;
    const known = series.get(metric);
    if (known !== undefined) return known;
    const key = { namespace: this.namespace, metric };
    const handle = this.telemetry.series(
      record === undefined ? key : { ...key, agentId: record.agent.id },
    );
    series.set(metric, handle);
    return handle;
  }
}
