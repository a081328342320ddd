// The shapes the server speaks, gathered in one place so that the pages depend on types alone and
// never on a component's code.

import type { TraceSpan } from "../../server/index.ts";

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
export type { AlertRuleView } from "../../dashboard/index.ts";
export type {
  CallQuery,
  CallRecord,
  EndpointView,
  RateLimit,
  ServiceStatus,
  ServiceView,
} from "../../gateway/model.ts";
export type { FlameNode, ProfileRecord, SpanRecord } from "../../profiler/model.ts";
export type { Kpi, KpiStatistics, TraceSpan, TraceView } from "../../server/index.ts";
export type {
  Aggregation,
  AgentSummary,
  MetricSummary,
  PerformanceSnapshot,
  SeriesPoints,
} from "../../tracker/model.ts";

/** What a bar of a trace stands for. */
export type TraceSpanKind = TraceSpan["kind"];
