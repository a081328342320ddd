// Mail to the people who run the fleet. They have no inbox and take no lease: the pages show it at
// once, so its receipt is done from the start. An answer to it is awaited like any other.

import { OPERATOR } from "../core/index.ts";
import type { AgentRegistry } from "./agent-registry.ts";
import { communicationLimits } from "./limits.ts";
import type { QuotaProblem } from "./mailbox-room.ts";
import type { Delivery, Message } from "./model.ts";
import type { WaitGraph } from "./wait-graph.ts";

/** Whether a message goes to a person; in a library an agent may have taken the name. */
export function isForOperator(
  registry: AgentRegistry,
  senderId: string,
  recipientId: string,
): boolean {
  if (recipientId !== OPERATOR || senderId === OPERATOR) return false;
  return registry.get(OPERATOR) === undefined;
}

/** The receipt of what the pages show. */
export function shownDelivery(delivery: Delivery): Delivery {
  const { acceptedAtMs } = delivery;
  return { ...delivery, state: "done", deliveredAtMs: acceptedAtMs, settledAtMs: acceptedAtMs };
}

/** Why people are asked no more for now. */
export function operatorProblem(message: Message, waits: WaitGraph): QuotaProblem | undefined {
  const isFull = waits.operatorMail().count >= communicationLimits.operatorRequests.value;
  return message.expectsReply && isFull ? "mailbox_messages" : undefined;
}
