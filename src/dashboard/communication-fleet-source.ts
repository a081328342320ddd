// Shows communication to the dashboard in the dashboard's own terms.

import type { AgentView, CommunicationEvent, OperatorMail } from "../communication/index.ts";
import { Listeners, OPERATOR } from "../core/index.ts";

import { feedLine } from "./feed-words.ts";
import type { DeadLetterCount, FleetDigest, FleetEvent, FleetSource } from "./ports.ts";

/** Who knows the agents: what of AgentCommunicationProtocol the dashboard needs. */
export interface AgentManager {
  views(): readonly AgentView[];
  view(agentId: string): AgentView | undefined;
  agentIds(): Iterable<string>;
  digest(): FleetDigest;
  deadLetterCount(): DeadLetterCount;
  operatorMail(): OperatorMail;
  onEvent(callback: (event: CommunicationEvent) => void): Disposable;
}

/** One namespace's agents and events, as the dashboard wants them. */
export class CommunicationFleetSource implements FleetSource {
  readonly #communication: AgentManager;
  readonly #listeners = new Listeners<FleetEvent>();
  #subscription: Disposable | undefined;

  constructor(communication: AgentManager) {
    this.#communication = communication;
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
    const registration = this.#listeners.add(callback);
    this.#subscription ??= this.#communication.onEvent((event) => this.#take(event));
    return {
      [Symbol.dispose]: () => {
        registration[Symbol.dispose]();
        if (this.#listeners.size === 0) this[Symbol.dispose]();
      },
    };
  }

  [Symbol.dispose](): void {
    this.#subscription?.[Symbol.dispose]();
    this.#subscription = undefined;
  }

  #take(event: CommunicationEvent): void {
    const line = feedLine(event, (agentId) => this.#communication.view(agentId));
    if (line !== undefined) {
      const { kind: feedKind, level, agentId, text } = line;
      this.#listeners.emit({ kind: "feed", feedKind, level, agentId, text });
    }
    if (event.kind === "agent.removed") {
      this.#listeners.emit({ kind: "agent-removed", agentId: event.agentId });
      return;
    }
    if (event.kind === "message.dead") this.#listeners.emit({ kind: "settled", failed: true });
    if (event.kind === "message.settled" && event.delivery.state === "done") {
      this.#listeners.emit({ kind: "settled", failed: false });
    }
    const agentIds = agentsOf(event);
    if (agentIds.length > 0) this.#listeners.emit({ kind: "agents-changed", agentIds });
  }
}

/** The agents that may look different after an event. */
function agentsOf(event: CommunicationEvent): readonly string[] {
  switch (event.kind) {
    case "agent.registered":
    case "agent.status":
    case "agent.paused":
    case "agent.resumed":
    case "agent.quarantined":
    case "agent.released":
    case "agent.restart":
      return [event.agent.id];
    case "agent.removed":
      return [event.agentId];
    case "agent.state":
      return [event.change.agentId];
    case "message.accepted":
      // Mail to a person changes what its sender waits for.
      return event.deliveries.map(({ recipientId }) =>
        recipientId === OPERATOR ? event.message.senderId : recipientId,
      );
    case "message.delivered":
    case "message.settled":
    case "message.dead":
      return [event.delivery.recipientId];
    case "message.answered":
      return [event.message.senderId];
    case "task.changed":
      return [event.task.agentId];
  }
}
