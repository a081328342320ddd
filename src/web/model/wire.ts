// The shapes the server speaks, gathered in one place so that the pages depend on types alone and
// never on a component's code.

export type { JsonObject, JsonValue } from "../../core/json.ts";
export type {
  AgentState,
  AgentView,
  Delivery,
  HeldWork,
  MailboxCounts,
  Message,
  MessagePriority,
  StateChange,
  Task,
  WaitEdge,
} from "../../communication/model.ts";
export type { ConversationSummary, MessageWithDeliveries } from "../../communication/store.ts";
export type { Acknowledgement, Alert, AlertLevel, AlertQuery } from "../../dashboard/alert.ts";
export type {
  AgentTile,
  AlertCounts,
  Cause,
  CauseAction,
  FeedEvent,
  HealthScore,
  LostPoints,
  OverviewSummary,
  ServiceCounts,
} from "../../dashboard/model.ts";
export type {
  Aggregation,
  AgentSummary,
  MetricSummary,
  SeriesPoints,
} from "../../tracker/model.ts";
