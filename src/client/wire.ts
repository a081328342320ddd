// The shapes on the wire, as an agent sees them. The client imports nothing from the rest of the
// house, so that it can be copied, bundled and versioned alone; the integration tests hold these
// shapes against the real server. Instants are milliseconds since the Unix epoch (`...AtMs`).

/** Anything JSON can carry. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/** A JSON object. */
export type JsonObject = { readonly [key: string]: JsonValue };

/** What an agent says about itself. */
export type AgentStatus = "online" | "offline" | "busy" | "idle" | "error" | "maintenance";

/** What the server sees of an agent, whatever it says. */
export type AgentState = "working" | "waiting" | "idle" | "stuck" | "down";

/** Lanes of an inbox, served 8:4:2:1 from urgent to low. */
export type MessagePriority = "low" | "normal" | "high" | "urgent";

/** Types with a meaning of their own, or a user's own name (letters, digits, `_ . : -`). */
export type MessageType =
  | "task_assignment"
  | "status_update"
  | "performance_metric"
  | "health_check"
  | "coordination"
  | "broadcast"
  | "direct"
  | (string & {});

/** The process behind an agent. */
export interface AgentInstance {
  /** Unique per process start. */
  readonly id: string;
  readonly host?: string;
  readonly pid?: number;
  readonly runtime?: string;
  readonly startedAtMs?: number;
}

/** CPU in percent of one core and resident memory in bytes, of `processes` processes. */
export interface ProcessUsage {
  readonly cpuPercent: number;
  readonly memoryBytes: number;
  readonly processes: number;
}

/** Counts of an inbox now. */
export interface MailboxCounts {
  readonly ready: Readonly<Record<MessagePriority, number>>;
  readonly leased: number;
  readonly delayed: number;
  readonly oldestReadyAtMs: number | null;
}

/** One agent with what is known about it now. */
export interface AgentView {
  readonly id: string;
  readonly namespace: string;
  readonly name: string;
  readonly capabilities: readonly string[];
  readonly endpoint: string | null;
  readonly kind: string;
  readonly version: string | null;
  readonly instance: AgentInstance | null;
  readonly metadata: JsonObject;
  readonly status: AgentStatus;
  readonly registeredAtMs: number;
  readonly paused: {
    readonly sinceMs: number;
    readonly by: string;
    readonly reason: string;
  } | null;
  /** Set while nothing of what it sends and measures is taken. */
  readonly quarantined: {
    readonly sinceMs: number;
    readonly by: string;
    readonly reason: string;
  } | null;
  readonly presence: {
    readonly state: AgentState;
    readonly sinceMs: number;
    readonly reason: string;
    readonly lastHeartbeatAtMs: number | null;
    readonly lastOutputAtMs: number | null;
  };
  readonly mailbox: MailboxCounts;
}

/** One message as accepted. */
export interface Message<Payload = JsonValue> {
  readonly id: string;
  readonly namespace: string;
  readonly senderId: string;
  readonly recipientId: string | null;
  readonly type: MessageType;
  readonly payload: Payload;
  readonly priority: MessagePriority;
  readonly conversationId: string;
  readonly replyToId: string | null;
  readonly expectsReply: boolean;
  readonly orderingKey: string | null;
  readonly dedupeKey: string | null;
  readonly traceparent: string | null;
  readonly task: {
    readonly title: string;
    readonly parentId?: string;
    readonly expectMs?: number;
  } | null;
  readonly acceptedAtMs: number;
}

/** Where one copy of a message stands with its recipient. */
export interface Receipt {
  readonly id: string;
  readonly recipientId: string;
  readonly state: "ready" | "leased" | "done" | "dead";
  readonly attempts: number;
  readonly deadReason: string | null;
  readonly note: string | null;
}

/** A message handed out under a lease. */
export interface ClaimedMessage {
  readonly message: Message;
  readonly deliveryId: string;
  /** Settles, extends or progresses this lease and no later one. */
  readonly token: string;
  readonly attempt: number;
  readonly leaseMs: number;
  readonly taskId: string | null;
}

/** A piece of work the server knows of. */
export interface Task {
  readonly id: string;
  readonly agentId: string;
  readonly title: string;
  readonly parentId: string | null;
  readonly state: "submitted" | "working" | "input-required" | "completed" | "failed" | "canceled";
  readonly progress: number | null;
  readonly note: string | null;
  readonly expectMs: number | null;
  readonly createdAtMs: number;
  readonly endedAtMs: number | null;
}

/** An order from whoever runs the fleet; handed out until acknowledged. */
export type AgentCommand =
  | { readonly id: string; readonly kind: "restart" | "pause" | "resume" }
  | { readonly id: string; readonly kind: "profile"; readonly profile: ProfileOrder };

/** Which profile an agent is to take of itself. */
export interface ProfileOrder {
  readonly profileId: string;
  readonly kind: "cpu" | "heap";
  readonly seconds: number;
}

/** What a heartbeat is answered with. */
export interface HeartbeatReply {
  readonly atMs: number;
  readonly intervalMs: number;
  readonly paused: boolean;
  readonly quarantined: boolean;
  readonly mailbox: MailboxCounts;
  readonly commands: readonly AgentCommand[];
}

/** What became of a send. */
export interface SendReceipt {
  readonly messageId: string;
  readonly deliveryId: string;
  /** True when the same dedupe key had been accepted before; nothing was sent twice. */
  readonly duplicate: boolean;
  readonly recipientOnline: boolean;
}
