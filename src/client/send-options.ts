// From what a caller says about a message to what goes on the wire.

import { parseDuration } from "./duration.ts";
import type { Duration } from "./duration.ts";
import type { CallContext } from "./runtime.ts";
import { nextTraceparent, randomHex } from "./trace.ts";
import type { MessagePriority } from "./wire.ts";

/** What makes a message a task. */
export interface TaskOptions {
  readonly title: string;
  /** Id of the task this one is part of. @default the task whose handler sends */
  readonly parent?: string;
  /** How long it may take without output before it counts as stuck. */
  readonly expect?: Duration;
}

/** How to send. */
export interface SendOptions {
  /** @default "normal" */
  readonly priority?: MessagePriority;
  /**
   * The server accepts one message per sender and key, so that sending again is harmless.
   * @default a new one for each call, reused by its retries
   */
  readonly dedupeKey?: string;
  /** Messages with the same key are handled strictly in order. */
  readonly orderingKey?: string;
  /** A title, or title, parent and expected duration; for a `task_assignment`. */
  readonly task?: string | TaskOptions;
  /** The sender waits for an answer; shows as "waits on" until it came. @default false */
  readonly expectReply?: boolean;
  /** The message this one answers. */
  readonly replyToId?: string;
  /** @default the conversation whose handler sends, or a new one */
  readonly conversationId?: string;
  /** W3C trace context. @default the trace of the message whose handler sends, or a new one */
  readonly traceparent?: string;
  /** Ends the call, with its retries. */
  readonly signal?: AbortSignal;
}

/** The body of POST /api/v1/messages. */
export function messageBody(
  recipientId: string,
  type: string,
  payload: unknown,
  options: SendOptions,
  context: CallContext | undefined,
): Record<string, unknown> {
  const conversationId = options.conversationId ?? context?.conversationId;
  return {
    recipientId,
    type,
    payload: payload ?? null,
    dedupeKey: options.dedupeKey ?? `auto-${randomHex(16)}`,
    traceparent: options.traceparent ?? nextTraceparent(context?.traceparent),
    ...(options.priority === undefined ? {} : { priority: options.priority }),
    ...(options.orderingKey === undefined ? {} : { orderingKey: options.orderingKey }),
    ...(options.replyToId === undefined ? {} : { replyToId: options.replyToId }),
    ...(options.expectReply === undefined ? {} : { expectsReply: options.expectReply }),
    ...(conversationId === undefined ? {} : { conversationId }),
    ...(options.task === undefined ? {} : { task: taskBody(options.task, context) }),
  };
}

function taskBody(
  task: string | TaskOptions,
  context: CallContext | undefined,
): Record<string, unknown> {
  const { title, parent, expect } =
    typeof task === "string" ? ({ title: task } as TaskOptions) : task;
  const parentId = parent ?? context?.taskId;
  return {
    title,
    ...(parentId === undefined ? {} : { parentId }),
    ...(expect === undefined ? {} : { expectMs: parseDuration(expect) }),
  };
}
