export { AgentCommunicationProtocol } from "./agent-communication-protocol.ts";
export type { CommunicationDependencies } from "./communication-host.ts";
export type { DeadLetterFilter, RedriveResult } from "./redrive-desk.ts";
export type { CommunicationExport } from "./communication-export.ts";
export { communicationConfigSchema, communicationSettings } from "./config.ts";
export type { CommunicationOptions, CommunicationSettings } from "./config.ts";
export type { DeadLetterSummary } from "./dead-letter-book.ts";
export { CommunicationError, communicationErrors } from "./errors.ts";
export type { CommunicationErrorCode } from "./errors.ts";
export { communicationLimits } from "./limits.ts";
export {
  AgentState,
  AgentStatus,
  DeadReason,
  DeliveryState,
  MessagePriority,
  MessageType,
  TaskState,
} from "./model.ts";
export type {
  Agent,
  AgentHold,
  AgentInstance,
  AgentsDigest,
  AgentView,
  ClaimedMessage,
  Delivery,
  HeldWork,
  MailboxCounts,
  Message,
  Presence,
  ProcessUsage,
  StateChange,
  Task,
  TaskRequest,
  WaitEdge,
} from "./model.ts";
export type {
  CommunicationRecord,
  CommunicationSnapshot,
  CommunicationStore,
  ConversationQuery,
  ConversationSummary,
  DedupeEntry,
  MessageQuery,
  MessageRetention,
  MessageWithDeliveries,
  PlaceQuery,
  PruneResult,
  SnapshotPage,
  SnapshotPlace,
  StateQuery,
  TaskQuery,
  UnansweredRequest,
} from "./store.ts";
export type {
  AgentCommand,
  AgentPatch,
  AgentQuery,
  AgentRegistration,
  BroadcastFilter,
  BroadcastResult,
  ClaimOptions,
  CommunicationEvent,
  DoneReport,
  HeartbeatReply,
  HeartbeatRequest,
  KnownStanding,
  LeaseExtension,
  ProfileOrder,
  ProgressReport,
  ReplyResult,
  RetryRequest,
  SendManyResult,
  SendRequest,
  SendResult,
  StateEvent,
  TaskEnd,
  TaskStart,
  TaskUpdate,
  WaitForReplyOptions,
} from "./requests.ts";
export { spanIdOf, traceIdOf } from "./traceparent.ts";
export { VolatileCommunicationStore } from "./volatile-store.ts";
export type { OperatorMail } from "./wait-graph.ts";
