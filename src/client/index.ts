export { connect } from "./connect.ts";
export type { ConnectOptions } from "./connect.ts";
export type { Delivery, Handler, IncomingMessage, ReplyOptions } from "./delivery.ts";
export type { Duration } from "./duration.ts";
export { CellphoneClientError, clientErrors, DeadLetter, RetryLater } from "./errors.ts";
export type { ClientErrorFields } from "./errors.ts";
export type { FetchOptions } from "./gateway-line.ts";
export type { ClientLog } from "./log.ts";
export type { CloseOptions, Phone, RequestOptions } from "./phone.ts";
export type { SendOptions, TaskOptions } from "./send-options.ts";
export type { AgentDescription } from "./session.ts";
export type { Span, SpanKind, SpanOptions } from "./span.ts";
export type { CallOptions } from "./transport.ts";
export type {
  AgentCommand,
  AgentInstance,
  AgentState,
  AgentStatus,
  AgentView,
  JsonObject,
  JsonValue,
  MailboxCounts,
  Message,
  MessagePriority,
  MessageType,
  ProcessUsage,
  ProfileOrder,
  SendReceipt,
  Task,
} from "./wire.ts";
export type { Work, WorkOptions } from "./work.ts";
