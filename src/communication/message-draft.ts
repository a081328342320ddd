// From what a caller wants sent to a Message: everything checked, everything filled in.

import type { CommunicationContext } from "./communication-context.ts";
import {
  checkAgentId,
  checkKey,
  checkMessageType,
  checkPayload,
  checkPriority,
  checkTask,
  checkTitle,
} from "./input-checks.ts";
import { messageBytes } from "./message-size.ts";
import { MessageType } from "./model.ts";
import type { Message, TaskRequest } from "./model.ts";
import { OPERATOR } from "../core/index.ts";
import type { JsonValue } from "../core/index.ts";
import type { SendRequest } from "./requests.ts";
import { checkTraceparent } from "./traceparent.ts";

/** A message not yet stored. */
export interface MessageDraft {
  readonly message: Message;
  /** What it counts for in quotas. */
  readonly bytes: number;
}

/** A send request, or a broadcast's (no recipient). */
export type DraftRequest = Omit<SendRequest, "recipientId"> & {
  readonly recipientId: string | null;
};

/**
 * @param original the message it answers, if any.
 * @param bySystem the server's own message: its reserved names are allowed.
 * @throws CommunicationError naming what cannot be used.
 */
export function draftMessage(
  context: CommunicationContext,
  request: DraftRequest,
  original: Message | undefined,
  bySystem = false,
): MessageDraft {
  const { senderId, recipientId, type, priority = "normal" } = request;
  if (!bySystem) {
    checkAgentId(senderId, "sender");
    checkMessageType(type);
  }
  checkPriority(priority);
  const bytesMax = bySystem ? Infinity : context.settings.maxPayloadBytes;
  const { payload, bytes } = checkPayload(request.payload, bytesMax);
  const id = context.ids.next("msg");
  const conversationId = checkKey(request.conversationId, "conversationId");
  const task = taskOf(request, payload);
  const message: Message = {
    id,
    namespace: context.namespace,
    senderId,
    recipientId,
    type,
    payload,
    priority,
    conversationId: conversationId ?? original?.conversationId ?? id,
    replyToId: checkKey(request.replyToId, "replyToId"),
    // What a person is asked to do ends with the person's answer: there is no lease to settle.
    expectsReply: request.expectsReply ?? (recipientId === OPERATOR && task !== null),
    orderingKey: checkKey(request.orderingKey, "orderingKey"),
    dedupeKey: checkKey(request.dedupeKey, "dedupeKey"),
    traceparent: checkTraceparent(request.traceparent),
    task,
    acceptedAtMs: context.clock.now(),
  };
  return { message, bytes: messageBytes(message, bytes) };
}

function taskOf(request: DraftRequest, payload: JsonValue): TaskRequest | null {
  const task = checkTask(request.task);
  if (task !== undefined) return task;
  if (request.type !== MessageType.TaskAssignment) return null;
  return { title: titleFrom(payload) ?? request.type };
}

/** The title of a task that came as `{ "task": "..." }` or `{ "title": "..." }`. */
function titleFrom(payload: JsonValue): string | undefined {
  if (typeof payload !== "object" || payload === null || Array.isArray(payload)) return undefined;
  for (const [key, value] of Object.entries(payload)) {
    if (key !== "task" && key !== "title") continue;
    if (typeof value === "string" && value.trim() !== "") return checkTitle(value);
  }
  return undefined;
}
