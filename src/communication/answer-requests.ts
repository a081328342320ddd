// What is sent because of another message: an answer to it, or the news that it is dead.

import type { JsonValue } from "../core/index.ts";
import { DELIVERY_FAILED, SYSTEM_SENDER } from "./input-checks.ts";
import type { Delivery, Message } from "./model.ts";
import type { SendRequest } from "./requests.ts";
import { answerTraceparent } from "./traceparent.ts";

/** An answer, back to whoever sent the message and in the same lane. */
export function replyRequest(message: Message, senderId: string, payload: JsonValue): SendRequest {
  const { traceparent } = message;
  return {
    ...(traceparent === null ? {} : { traceparent: answerTraceparent(traceparent) }),
    senderId,
    recipientId: message.senderId,
    type: "direct",
    payload,
    priority: message.priority,
    replyToId: message.id,
  };
}

/** Tells the sender that nobody will settle the message. */
export function failureNotice(message: Message, delivery: Delivery): SendRequest {
  return {
    senderId: SYSTEM_SENDER,
    recipientId: message.senderId,
    type: DELIVERY_FAILED,
    payload: {
      messageId: message.id,
      recipientId: delivery.recipientId,
      reason: delivery.deadReason,
    },
    replyToId: message.id,
  };
}
