// What the control plane needs from the rest of the system. The composition root gives it one
// Fleet; routes never see a store, a thread or another namespace's objects.

import type {
  AgentCommand,
  AgentPatch,
  AgentQuery,
  AgentRegistration,
  AgentView,
  BroadcastFilter,
  BroadcastResult,
  ClaimOptions,
  ClaimedMessage,
  ConversationQuery,
  ConversationSummary,
  DeadLetterFilter,
  Delivery,
  DoneReport,
  HeartbeatReply,
  HeartbeatRequest,
  LeaseExtension,
  MailboxCounts,
  Message,
  MessagePriority,
  MessageQuery,
  MessageWithDeliveries,
  ProgressReport,
  RetryRequest,
  RedriveResult,
  SendManyResult,
  SendRequest,
  SendResult,
  StateChange,
  StateQuery,
  Task,
  TaskEnd,
  TaskQuery,
  TaskStart,
  TaskUpdate,
} from "../communication/index.ts";
import type { ActivityKind, JsonObject, JsonValue } from "../core/index.ts";
import type {
  AgentTile,
  Alert,
  AlertQuery,
  AlertRequest,
  AlertRuleView,
  DashboardChange,
  DashboardData,
  DashboardQuery,
  DashboardView,
  FeedEvent,
  NotificationResult,
  OverviewSummary,
} from "../dashboard/index.ts";
import type { NamespaceRecord } from "../security/index.ts";
import type {
  AgentSummary,
  PerformanceSnapshot,
  Sample,
  SeriesPoints,
  SeriesQuery,
  Summaries,
  SummaryQuery,
  TimeRange,
} from "../tracker/index.ts";
import type { AgentLogs } from "./agent-logs.ts";
import type { FleetGateway } from "./fleet-gateway.ts";
import type { FleetProfiler, FleetProfiles } from "./fleet-profiler.ts";
import type { Kpi } from "./kpi.ts";
import type { TraceView } from "./trace-view.ts";

/**
 * The communication of one namespace: what of AgentCommunicationProtocol is served. Its methods
 * are as documented there.
 */
export interface FleetCommunication {
  registerAgent(registration: AgentRegistration): Promise<AgentView>;
  updateAgent(agentId: string, patch: AgentPatch): Promise<AgentView>;
  unregisterAgent(agentId: string): Promise<unknown>;
  getStates(query: StateQuery): Promise<readonly StateChange[]>;
  getAgentInfo(agentId: string): Promise<AgentView | undefined>;
  requireAgent(agentId: string): Promise<AgentView>;
  findAgents(query: AgentQuery): Promise<readonly AgentView[]>;
  heartbeat(agentId: string, request: HeartbeatRequest): Promise<HeartbeatReply>;
  pauseAgent(
    agentId: string,
    hold: { readonly by: string; readonly reason: string },
  ): Promise<unknown>;
  resumeAgent(agentId: string, request: { readonly by: string }): Promise<unknown>;
  quarantineAgent(
    agentId: string,
    hold: { readonly by: string; readonly reason: string },
  ): Promise<unknown>;
  releaseAgent(agentId: string, request: { readonly by: string }): Promise<unknown>;
  isQuarantined(agentId: string): boolean;
  recordActivity(agentId: string, kind: ActivityKind): void;
  requestRestart(agentId: string, request: { readonly by: string }): Promise<AgentCommand>;

  send(request: SendRequest): Promise<SendResult>;
  sendMany(requests: readonly SendRequest[]): Promise<readonly SendManyResult[]>;
  broadcastMessage(
    senderId: string,
    type: string,
    payload: JsonValue,
    priority?: MessagePriority,
    filter?: BroadcastFilter,
  ): Promise<BroadcastResult>;
  getMessage(messageId: string): Promise<MessageWithDeliveries | undefined>;
  getMessages(query: MessageQuery): Promise<readonly MessageWithDeliveries[]>;
  getConversations(query: ConversationQuery): Promise<readonly ConversationSummary[]>;
  getDeadLetters(query: DeadLetterFilter): Promise<readonly MessageWithDeliveries[]>;
  redrive(deliveryId: string): Promise<Delivery>;
  redriveAll(query: { readonly agentId?: string }): Promise<RedriveResult>;
  waitForReply(
    messageId: string,
    wait: { readonly timeoutMs: number; readonly signal?: AbortSignal; readonly collect?: boolean },
  ): Promise<Message>;

  getMailbox(agentId: string): Promise<MailboxCounts>;
  claim(agentId: string, options: ClaimOptions): Promise<readonly ClaimedMessage[]>;
  holderOf(token: string): Promise<string | undefined>;
  extend(token: string): Promise<LeaseExtension>;
  progress(token: string, report: ProgressReport): Promise<LeaseExtension>;
  done(token: string, report: DoneReport): Promise<unknown>;
  retry(token: string, request: RetryRequest): Promise<unknown>;
  deadLetter(token: string, reason: { readonly note: string }): Promise<unknown>;

  startTask(agentId: string, start: TaskStart): Promise<Task>;
  updateTask(taskId: string, update: TaskUpdate): Promise<Task>;
  endTask(taskId: string, end: TaskEnd): Promise<Task>;
  getTask(taskId: string): Promise<Task | undefined>;
  getTasks(query: TaskQuery): Promise<readonly Task[]>;
  exportText(): AsyncIterable<string>;
}

/** The tracker of one namespace: {@link PerformanceTracker}, as far as it is served. */
export interface FleetTracker {
  record(sample: {
    readonly metric: string;
    readonly value: number;
    readonly agentId?: string;
    readonly context?: JsonObject;
    readonly metadata?: JsonObject;
    readonly atMs?: number;
  }): void;
  getMetrics(
    metric?: string,
    agentId?: string,
    range?: TimeRange,
    options?: { readonly limit?: number },
  ): Promise<readonly Sample[]>;
  getAgentPerformanceSummary(agentId: string, range?: TimeRange): Promise<AgentSummary>;
  getSeries(query: SeriesQuery): Promise<readonly SeriesPoints[]>;
  getPerformanceSnapshots(
    count?: number,
    range?: TimeRange,
  ): Promise<readonly PerformanceSnapshot[]>;
  getSummaries(query: SummaryQuery): Promise<Summaries>;
  getMetricNames(): Promise<readonly { readonly metric: string; readonly agents: number }[]>;
  exportText(): AsyncIterable<string>;
}

/** The dashboard of one namespace: {@link PerformanceDashboard}, as far as it is served. */
export interface FleetDashboard {
  summary(): OverviewSummary;
  tiles(): readonly AgentTile[];
  tile(agentId: string): AgentTile | undefined;
  agentIds(): Iterable<string>;
  events(query: {
    readonly afterId?: number;
    readonly agentId?: string;
    readonly limit?: number;
  }): Promise<readonly FeedEvent[]>;
  onChange(callback: (change: DashboardChange) => void): Disposable;
  readonly feed: { onEvent(callback: (event: FeedEvent) => void): Disposable };

  getAlerts(query: AlertQuery): Promise<readonly Alert[]>;
  getAlert(alertId: string): Promise<Alert | undefined>;
  /** Raises an alert, or counts it to the one that fires already; resolves once it is stored. */
  raiseAlert(request: AlertRequest): Promise<Alert>;
  acknowledgeAlert(
    alertId: string,
    acknowledgement: { readonly owner: string; readonly note: string },
  ): Promise<Alert>;
  unacknowledgeAlert(alertId: string): Promise<Alert>;
  resolveAlert(alertId: string, resolution?: { readonly note?: string }): Promise<Alert>;
  /** Called with every alert that was raised or changed. */
  onAlert(callback: (alert: Alert) => void): Disposable;
  /** Rules in force, with what each watches and what it says now. */
  getAlertRules(): readonly AlertRuleView[];
  /** Sends a notification that says it is a test; says whether it was taken, and by whom. */
  sendTestNotification(): Promise<NotificationResult>;
  getDashboardData(view: DashboardView, query: DashboardQuery): Promise<DashboardData>;
  exportDashboardData(): Promise<object>;
  /** One self-contained page. */
  htmlReport(range?: TimeRange): Promise<string>;
}

/** Everything of one namespace. */
export interface FleetNamespace {
  readonly name: string;
  readonly communication: FleetCommunication;
  readonly tracker: FleetTracker;
  readonly dashboard: FleetDashboard;
  readonly gateway: FleetGateway;
  readonly profiler: FleetProfiler;
  readonly profiles: FleetProfiles;
  readonly logs: AgentLogs;
  /** How often agents should send a heartbeat. */
  readonly heartbeatIntervalMs: number;
  /** Called with conversations whose messages or receipts changed. */
  onConversationChange(callback: (conversationId: string) => void): Disposable;
  /** All that one trace id ties together; undefined when nothing carries it. */
  trace(traceId: string): Promise<TraceView | undefined>;
  kpis(range?: TimeRange): Promise<readonly Kpi[]>;
}

/** One dependency of the server, as `/readyz` reports it. */
export interface ReadinessCheck {
  readonly ok: boolean;
  /** In words: why it is not ok, or what a look at it shows all the same. */
  readonly detail?: string;
}

/** What stands for a secret wherever options are listed. */
export const SECRET_MASK = "(secret)";

/** A namespace as it is listed: its secrets are masked by the composer. */
export interface NamespaceView extends NamespaceRecord {
  /** False when it could not be started; the server's log says why. */
  readonly running: boolean;
}

/** One option in force, as `/api/v1/config` lists it; secrets are masked by the composer. */
export interface ConfigurationRow {
  readonly key: string;
  readonly value: unknown;
  readonly source: string;
  readonly unit: string | null;
  readonly description: string;
  readonly default: unknown;
}

/** Facts about the running server. */
export interface ServerFacts {
  readonly version: string;
  readonly startedAtMs: number;
  readonly dataFolder: string | null;
  readonly dashboardUrl: string | null;
  readonly gatewayUrl: string | null;
  readonly pid: number;
  readonly node: string;
  /** Names of the threads that run, main included. */
  readonly threads: readonly string[];
}

/** The running system, as the control plane sees it. */
export interface Fleet {
  /** Changes with every start of the server; viewers reload what they hold when it does. */
  readonly epoch: string;
  /** The namespace of this name; undefined when there is none. */
  namespace(name: string): FleetNamespace | undefined;
  namespaces(): Promise<readonly NamespaceView[]>;
  /**
   * Makes the namespace or replaces its configuration; a masked secret stays what it was, as does
   * everything without a configuration.
   */
  putNamespace(
    name: string,
    config: JsonObject | undefined,
  ): Promise<{ readonly record: NamespaceView; readonly created: boolean }>;
  /** Stops the namespace and forgets everything in it. */
  deleteNamespace(name: string): Promise<void>;
  readiness(): Promise<Readonly<Record<string, ReadinessCheck>>>;
  /** True while a start brings namespaces back: one that is not there may still come. */
  isRestoring(): boolean;
  configuration(): readonly ConfigurationRow[];
  facts(): ServerFacts;
}
