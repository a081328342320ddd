// What callers hand in and get back: the arguments and results of AgentCommunicationProtocol.

import type { CellphoneError, JsonObject, JsonValue } from "../core/index.ts";
import type {
  Agent,
  AgentInstance,
  AgentState,
  AgentStatus,
  AgentView,
  Delivery,
  MailboxCounts,
  Message,
  MessagePriority,
  MessageType,
  ProcessUsage,
  StateChange,
  Task,
  TaskRequest,
} from "./model.ts";

/** An agent as it registers; registering again replaces all but the mailbox. */
export interface AgentRegistration {
  readonly agentId: string;
  /** @default the agent id */
  readonly name?: string;
  /** @default none */
  readonly capabilities?: readonly string[];
  /** Where it can be reached, when it can. @default null */
  readonly endpoint?: string | null;
  /** @default the id without digits and separators at its end */
  readonly kind?: string;
  readonly version?: string | null;
  readonly instance?: AgentInstance | null;
  readonly metadata?: JsonObject;
  /** @default "online" */
  readonly status?: AgentStatus;
}

/** What may be changed of a registered agent without registering again. */
export interface AgentPatch {
  readonly status?: AgentStatus;
  readonly note?: string;
  readonly capabilities?: readonly string[];
  readonly metadata?: JsonObject;
}

/** Which agents to find; all conditions must hold. */
export interface AgentQuery {
  readonly capability?: string;
  readonly status?: AgentStatus;
  readonly state?: AgentState;
  /** Words that must all occur in id, name, kind or capabilities, case-insensitively. */
  readonly text?: string;
  /** @default all */
  readonly limit?: number;
}

/** One heartbeat. */
export interface HeartbeatRequest {
  readonly status?: AgentStatus;
  readonly process?: ProcessUsage | null;
  /** Set when the process has ended. */
  readonly exitCode?: number;
  /** Lease tokens to extend by leaseDuration. */
  readonly leases?: readonly string[];
  readonly instanceId?: string;
  /** The agent says goodbye: it is down from now on, with that reason. */
  readonly left?: boolean;
  /** Commands carried out or taken note of. */
  readonly ackCommands?: readonly string[];
  /**
   * How long the answer may wait for something to tell, in milliseconds, at most 60 s. The
   * heartbeat itself counts when it arrives. @default 0
   */
  readonly waitMs?: number;
  /**
   * What the caller was told last: a wait is over, or does not begin, when things stand otherwise.
   * @default as things stand now, and no command
   */
  readonly knows?: KnownStanding;
  /** Ends the wait; the heartbeat stays recorded. */
  readonly signal?: AbortSignal;
}

/** How an agent believes to stand with the server. */
export interface KnownStanding {
  readonly paused?: boolean;
  readonly quarantined?: boolean;
  /** Ids of commands it was handed and leaves to others, such as its wrapper. */
  readonly commands?: readonly string[];
}

/** Which profile an agent is to take of itself. */
export interface ProfileOrder {
  /** Names the profile when it is handed in. */
  readonly profileId: string;
  readonly kind: "cpu" | "heap";
  readonly seconds: number;
}

/** Something whoever runs the fleet asks of an agent's wrapper or SDK. */
export type AgentCommand =
  | { readonly id: string; readonly kind: "restart" | "pause" | "resume" }
  | { readonly id: string; readonly kind: "profile"; readonly profile: ProfileOrder };

/** The answer to a heartbeat. */
export interface HeartbeatReply {
  readonly atMs: number;
  /** When the next heartbeat is due. */
  readonly intervalMs: number;
  readonly paused: boolean;
  readonly quarantined: boolean;
  readonly mailbox: MailboxCounts;
  /** Handed out with every heartbeat until acknowledged in `ackCommands`. */
  readonly commands: readonly AgentCommand[];
  /** Tokens of the request's `leases` that are no longer held; their work should be dropped. */
  readonly lostLeases: readonly string[];
}

/** One message to send. */
export interface SendRequest {
  readonly senderId: string;
  readonly recipientId: string;
  readonly type: MessageType;
  readonly payload: JsonValue;
  /** @default "normal" */
  readonly priority?: MessagePriority;
  /** The same key of the same sender within dedupeWindow is accepted once. */
  readonly dedupeKey?: string;
  /** Messages of one key are handed out one after another, each after the last is settled. */
  readonly orderingKey?: string;
  /** The message this one answers. */
  readonly replyToId?: string;
  /** @default the conversation of the message it answers, else a new one */
  readonly conversationId?: string;
  /** The sender waits for an answer. @default false */
  readonly expectsReply?: boolean;
  readonly task?: TaskRequest;
  readonly traceparent?: string;
}

/** A message accepted. */
export interface SendResult {
  readonly messageId: string;
  readonly deliveryId: string;
  /** True when the dedupeKey was known; the ids are those of the first message. */
  readonly duplicate: boolean;
  /** Whether the recipient is there now; the message waits if not. */
  readonly recipientOnline: boolean;
}

/** One item's outcome of sendMany. */
export type SendManyResult = SendResult | { readonly error: CellphoneError };

/** An answer accepted. */
export interface ReplyResult {
  readonly messageId: string;
  /** Null when whoever asked has no mailbox; the answer is kept with the conversation. */
  readonly deliveryId: string | null;
}

/** Who receives a broadcast, and how it is sent. */
export interface BroadcastFilter {
  readonly capability?: string;
  readonly kind?: string;
}

/** A broadcast accepted. */
export interface BroadcastResult {
  readonly messageId: string;
  readonly recipients: readonly string[];
  /** Agents left out because their inbox is full. */
  readonly refused: readonly string[];
}

/** How to claim. */
export interface ClaimOptions {
  /** Most messages to hand out, 1 to 256. @default 1 */
  readonly max?: number;
  /** @default leaseDuration */
  readonly leaseMs?: number;
  /** How long to wait for mail, in milliseconds. @default 0 */
  readonly waitMs?: number;
  /** Ends the wait; the claim rejects with the signal's reason and takes nothing. */
  readonly signal?: AbortSignal;
}

/** How to wait for an answer. */
export interface WaitForReplyOptions {
  readonly timeoutMs: number;
  /** Ends the wait; it rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /**
   * Also takes the answer's copy out of the asker's inbox, unless somebody has claimed it there.
   * @default true
   */
  readonly collect?: boolean;
}

/** How far the work is. */
export interface ProgressReport {
  /** 0 to 1. */
  readonly progress?: number;
  readonly note?: string;
}

/** How the work ended well. */
export interface DoneReport {
  readonly result?: JsonValue;
  /** Payload of an answer, sent in the same commit. */
  readonly reply?: JsonValue;
}

/** When to try again. */
export interface RetryRequest {
  /** @default retryDelay, doubled per attempt, at most 300 s */
  readonly delayMs?: number;
  readonly note?: string;
}

/** How long a lease now lasts. */
export interface LeaseExtension {
  readonly leaseMs: number;
}

/** A task an agent starts itself. */
export interface TaskStart {
  readonly title: string;
  /** How long it should take at most without output, in milliseconds. */
  readonly expectMs?: number;
  readonly parentId?: string;
  /** W3C trace context, with a span id of the task's own; what is done for it names that one. */
  readonly traceparent?: string;
}

/** A change of an open task. */
export interface TaskUpdate {
  readonly progress?: number;
  readonly note?: string;
  readonly state?: "working" | "input-required";
}

/** The end of a task. */
export interface TaskEnd {
  readonly state: "completed" | "failed" | "canceled";
  readonly result?: JsonValue;
  readonly note?: string;
}

/** A change of what we see of an agent. */
export interface StateEvent {
  readonly agent: AgentView;
  /** Null for a new agent. */
  readonly previous: AgentState | null;
}

/** Everything that happens, for streams and feeds. Emitted after the change is stored. */
export type CommunicationEvent =
  | { readonly kind: "agent.registered"; readonly agent: Agent; readonly renewed: boolean }
  | { readonly kind: "agent.removed"; readonly agentId: string }
  | {
      readonly kind: "agent.status";
      readonly agent: Agent;
      readonly previous: AgentStatus;
      readonly note: string | null;
    }
  | { readonly kind: "agent.paused"; readonly agent: Agent; readonly by: string }
  | { readonly kind: "agent.resumed"; readonly agent: Agent; readonly by: string }
  | { readonly kind: "agent.quarantined"; readonly agent: Agent; readonly by: string }
  | { readonly kind: "agent.released"; readonly agent: Agent; readonly by: string }
  | { readonly kind: "agent.restart"; readonly agent: Agent; readonly by: string }
  | {
      readonly kind: "agent.state";
      readonly change: StateChange;
      readonly previous: AgentState | null;
    }
  | {
      readonly kind: "message.accepted";
      readonly message: Message;
      readonly deliveries: readonly Delivery[];
    }
  | { readonly kind: "message.delivered"; readonly message: Message; readonly delivery: Delivery }
  | {
      /** Done, or back in the inbox for another attempt (state ready). */
      readonly kind: "message.settled";
      readonly message: Message;
      readonly delivery: Delivery;
    }
  | { readonly kind: "message.dead"; readonly message: Message; readonly delivery: Delivery }
  | {
      readonly kind: "message.answered";
      readonly message: Message;
      readonly answer: Message;
    }
  | { readonly kind: "task.changed"; readonly task: Task };
