// The shapes of communication: agents, messages, deliveries, tasks, presence. Instants are
// milliseconds since the Unix epoch (`...AtMs`), durations milliseconds (`...Ms`).

import type { JsonObject, JsonValue } from "../core/index.ts";

/** What an agent says about itself. */
export const AgentStatus = {
  Online: "online",
  Offline: "offline",
  Busy: "busy",
  Idle: "idle",
  Error: "error",
  Maintenance: "maintenance",
} as const;
export type AgentStatus = (typeof AgentStatus)[keyof typeof AgentStatus];

/** What we see of an agent, whatever it says. */
export const AgentState = {
  /** Holds work and puts something out. */
  Working: "working",
  /** Has an open request and waits for its answer. */
  Waiting: "waiting",
  /** Alive, holds nothing. */
  Idle: "idle",
  /** Alive, holds work (or mail) and has put out nothing for too long; or waits in a circle. */
  Stuck: "stuck",
  /** No sign of life for three heartbeat intervals, or its process ended. */
  Down: "down",
} as const;
export type AgentState = (typeof AgentState)[keyof typeof AgentState];

/** Lanes of a mailbox, served 8:4:2:1 from urgent to low. */
export const MessagePriority = {
  Low: "low",
  Normal: "normal",
  High: "high",
  Urgent: "urgent",
} as const;
export type MessagePriority = (typeof MessagePriority)[keyof typeof MessagePriority];

/** Message types with a meaning of their own; users may define more. */
export const MessageType = {
  TaskAssignment: "task_assignment",
  StatusUpdate: "status_update",
  PerformanceMetric: "performance_metric",
  HealthCheck: "health_check",
  Coordination: "coordination",
  Broadcast: "broadcast",
  Direct: "direct",
} as const;
/** One of {@link MessageType}, or a user's own name (letters, digits, `_ . : -`). */
export type MessageType = (typeof MessageType)[keyof typeof MessageType] | (string & {});

/** The process behind an agent, as its wrapper or SDK reports it. */
export interface AgentInstance {
  /** Unique per process start. */
  readonly id: string;
  readonly host?: string;
  readonly pid?: number;
  /** Language and version, such as `python 3.11` or `node 24.21`. */
  readonly runtime?: string;
  readonly startedAtMs?: number;
}

/** Why and since when an agent is held. */
export interface AgentHold {
  readonly sinceMs: number;
  /** Principal who did it. */
  readonly by: string;
  readonly reason: string;
}

/** One registered agent. */
export interface Agent {
  readonly id: string;
  readonly namespace: string;
  readonly name: string;
  readonly capabilities: readonly string[];
  /** Where it can be reached, when it can; mailboxes need none. */
  readonly endpoint: string | null;
  /** What sort of agent this is; the fleet is grouped by it. Defaults to the name without digits. */
  readonly kind: string;
  readonly version: string | null;
  readonly instance: AgentInstance | null;
  readonly metadata: JsonObject;
  readonly status: AgentStatus;
  readonly registeredAtMs: number;
  /** Set while the agent is paused: its mailbox hands out nothing. */
  readonly paused: AgentHold | null;
  /** Set while it is quarantined: as paused, and what it sends and measures is refused too. */
  readonly quarantined: AgentHold | null;
}

/** Usage of an agent's process tree. */
export interface ProcessUsage {
  /** CPU of the whole tree in percent of one core. */
  readonly cpuPercent: number;
  /** Resident memory of the whole tree in bytes. */
  readonly memoryBytes: number;
  /** Processes in the tree. */
  readonly processes: number;
}

/** An open request: whoever waits, for whom, since when. */
export interface WaitEdge {
  readonly agentId: string;
  readonly messageId: string;
  readonly sinceMs: number;
}

/** Something an agent holds. */
export interface HeldWork {
  readonly kind: "delivery" | "task";
  readonly id: string;
  readonly title: string;
  readonly sinceMs: number;
  /** The message it came as; null for a task the agent started itself. */
  readonly messageId: string | null;
  /** W3C trace id of that message or task: 32 hex digits; null when it carries none. */
  readonly traceId: string | null;
}

/** What we see of one agent now, and why. */
export interface Presence {
  readonly state: AgentState;
  readonly sinceMs: number;
  /** The reason in words: "no output for 14 min while it holds "index repo"". */
  readonly reason: string;
  readonly holds: readonly HeldWork[];
  readonly waitsOn: readonly WaitEdge[];
  /** The circle of waits this agent is part of, in order, starting with itself; empty if none. */
  readonly cycle: readonly string[];
  readonly lastHeartbeatAtMs: number | null;
  readonly lastOutputAtMs: number | null;
  readonly process: ProcessUsage | null;
  /** Exit code of the last process, when it has ended. */
  readonly exitCode: number | null;
  /** Whether it is down because it ended well: nobody misses it, no mail or work waits for it. */
  readonly left: boolean;
}

/** Counts of one mailbox now. */
export interface MailboxCounts {
  readonly ready: Readonly<Record<MessagePriority, number>>;
  readonly leased: number;
  /** Waiting for a retry's delay. */
  readonly delayed: number;
  readonly oldestReadyAtMs: number | null;
}

/** An agent with all that is known about it now. */
export interface AgentView extends Agent {
  readonly presence: Presence;
  readonly mailbox: MailboxCounts;
}

/** A fleet at a glance, without a view of everyone. */
export interface AgentsDigest {
  readonly total: number;
  /** Each agent once; those that left well count as left, not as down. */
  readonly counts: Readonly<Record<AgentState | "left", number>>;
  readonly paused: number;
  readonly quarantined: number;
  /** Agents that are stuck, down, paused, quarantined, in a circle of waits or in error. */
  readonly attention: readonly AgentView[];
  /** When the oldest message that is ready and not claimed was accepted; null when none is. */
  readonly oldestMailAtMs: number | null;
}

/** What makes a message a task. */
export interface TaskRequest {
  readonly title: string;
  readonly parentId?: string;
  /** How long it should take at most without output, in milliseconds. */
  readonly expectMs?: number;
}

/** One message as accepted; never changed afterwards. */
export interface Message {
  readonly id: string;
  readonly namespace: string;
  readonly senderId: string;
  /** Recipient's agent id; null for a broadcast. */
  readonly recipientId: string | null;
  readonly type: MessageType;
  readonly payload: JsonValue;
  readonly priority: MessagePriority;
  /** Groups a request, its answers and what they led to. */
  readonly conversationId: string;
  /** The message this one answers. */
  readonly replyToId: string | null;
  /** The sender waits for an answer. */
  readonly expectsReply: boolean;
  readonly orderingKey: string | null;
  readonly dedupeKey: string | null;
  /** W3C trace context. */
  readonly traceparent: string | null;
  readonly task: TaskRequest | null;
  readonly acceptedAtMs: number;
}

/** Where one copy of a message stands with one recipient. */
export const DeliveryState = {
  Ready: "ready",
  Leased: "leased",
  Done: "done",
  Dead: "dead",
} as const;
export type DeliveryState = (typeof DeliveryState)[keyof typeof DeliveryState];

/** Why a delivery is dead. */
export const DeadReason = {
  /** The recipient said so. */
  Rejected: "rejected",
  /** Not settled within messageTimeout while the recipient was online. */
  Expired: "expired",
  /** Handed out too often without being settled. */
  AttemptsExhausted: "attempts_exhausted",
  /** The recipient was unregistered. */
  RecipientRemoved: "recipient_removed",
} as const;
export type DeadReason = (typeof DeadReason)[keyof typeof DeadReason];

/** One copy of a message on its way to one recipient: the receipt. */
export interface Delivery {
  readonly id: string;
  readonly messageId: string;
  readonly recipientId: string;
  readonly priority: MessagePriority;
  /** Order within the namespace; strictly increasing. */
  readonly sequence: number;
  readonly state: DeliveryState;
  /** Times it was handed out. */
  readonly attempts: number;
  readonly acceptedAtMs: number;
  /** When a retry may be handed out; null when at once. */
  readonly visibleAtMs: number | null;
  /** First handed out at. */
  readonly deliveredAtMs: number | null;
  readonly settledAtMs: number | null;
  /** When an answer to the message was accepted, and its id. */
  readonly answeredAtMs: number | null;
  readonly answerId: string | null;
  readonly deadReason: DeadReason | null;
  /** The recipient's words on a retry or a dead letter. */
  readonly note: string | null;
  readonly result: JsonValue | null;
}

/** A message handed out under a lease. */
export interface ClaimedMessage {
  readonly message: Message;
  readonly deliveryId: string;
  /** Fencing token; settles, extends or progresses this lease and no later one. */
  readonly token: string;
  readonly attempt: number;
  readonly leaseMs: number;
  /** The task made of it, for a task_assignment. */
  readonly taskId: string | null;
}

/** States of a task, as in A2A 1.0. */
export const TaskState = {
  Submitted: "submitted",
  Working: "working",
  InputRequired: "input-required",
  Completed: "completed",
  Failed: "failed",
  Canceled: "canceled",
} as const;
export type TaskState = (typeof TaskState)[keyof typeof TaskState];

/** A piece of work: of a task_assignment, or started by the agent itself. */
export interface Task {
  readonly id: string;
  readonly namespace: string;
  readonly agentId: string;
  readonly title: string;
  readonly parentId: string | null;
  readonly messageId: string | null;
  readonly state: TaskState;
  readonly attempt: number;
  /** 0 to 1; null when unknown. */
  readonly progress: number | null;
  readonly note: string | null;
  readonly result: JsonValue | null;
  readonly expectMs: number | null;
  /**
   * W3C trace context; its span id names the work itself. Of the message, for a task that was made
   * of one.
   */
  readonly traceparent: string | null;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  readonly endedAtMs: number | null;
}

/** One stretch of an agent's history of states. */
export interface StateChange {
  readonly agentId: string;
  readonly state: AgentState;
  readonly atMs: number;
  readonly reason: string;
}
