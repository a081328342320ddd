// A bench for tests of the protocol: a manual clock, and a store whose appends can be held back or
// refused, so that what happens in between can be seen.

import { ManualClock } from "../../core/index.ts";
import { AgentCommunicationProtocol } from "../agent-communication-protocol.ts";
import type { CommunicationOptions } from "../config.ts";
import type { Delivery, Message } from "../model.ts";
import type { CommunicationEvent } from "../requests.ts";
import type { CommunicationRecord } from "../store.ts";
import { VolatileCommunicationStore } from "../volatile-store.ts";

/** A volatile store whose appends can be made to wait or to fail. */
export class GatedStore extends VolatileCommunicationStore {
  readonly batches: (readonly CommunicationRecord[])[] = [];
  #gate: PromiseWithResolvers<void> | undefined;
  #failing = false;

  override async append(namespace: string, records: readonly CommunicationRecord[]): Promise<void> {
    const failing = this.#failing;
    await this.#gate?.promise;
    if (failing) throw new Error("disk full");
    await super.append(namespace, records);
    this.batches.push(records);
  }

  /** Appends wait until the returned function is called. */
  hold(): () => void {
    const gate = Promise.withResolvers<void>();
    this.#gate = gate;
    return () => {
      this.#gate = undefined;
      gate.resolve();
    };
  }

  /** Appends begun from now on fail, or no longer do. */
  fail(failing = true): void {
    this.#failing = failing;
  }
}

/** One protocol on a bench. */
export interface TestBench {
  readonly comm: AgentCommunicationProtocol;
  readonly clock: ManualClock;
  readonly store: GatedStore;
  readonly events: CommunicationEvent[];
}

/** Builds and starts a protocol with the named agents registered. */
export async function makeBench(
  agentIds: readonly string[] = [],
  options: CommunicationOptions = {},
  shared: { readonly clock?: ManualClock; readonly store?: GatedStore } = {},
): Promise<TestBench> {
  const clock = shared.clock ?? new ManualClock();
  const store = shared.store ?? new GatedStore();
  const comm = new AgentCommunicationProtocol(options, { clock, store });
  const events: CommunicationEvent[] = [];
  comm.onEvent((event) => events.push(event));
  await comm.start();
  for (const agentId of agentIds) await comm.registerAgent({ agentId });
  return { comm, clock, store, events };
}

/** Lets everything that is ready to run do so. */
export async function settleAll(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** A plain message to agent "a" with its receipt. */
export function makeMail(
  sequence: number,
  changes: Partial<Message>,
): { message: Message; delivery: Delivery } {
  const id = String(sequence);
  const message: Message = {
    id: `msg_${id}`,
    namespace: "default",
    senderId: "s",
    recipientId: "a",
    type: "direct",
    payload: sequence,
    priority: "normal",
    conversationId: id,
    replyToId: null,
    expectsReply: false,
    orderingKey: null,
    dedupeKey: null,
    traceparent: null,
    task: null,
    acceptedAtMs: sequence,
    ...changes,
  };
  const delivery: Delivery = {
    id: `dlv_${id}`,
    messageId: message.id,
    recipientId: "a",
    priority: message.priority,
    sequence,
    state: "ready",
    attempts: 0,
    acceptedAtMs: sequence,
    visibleAtMs: null,
    deliveredAtMs: null,
    settledAtMs: null,
    answeredAtMs: null,
    answerId: null,
    deadReason: null,
    note: null,
    result: null,
  };
  return { message, delivery };
}
