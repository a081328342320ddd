// PerformanceDashboard: what a person should look at now. It listens to the fleet, finds what is
// wrong by its rules, keeps alerts, views and tiles current, and writes the feed. It never holds up
// what it watches.

import { DEFAULT_NAMESPACE, Listeners, noComponentLog, systemClock } from "../core/index.ts";
import type { Clock, JsonObject } from "../core/index.ts";
import type { TimeRange } from "../tracker/index.ts";

import type { Alert, AlertLevel, AlertQuery } from "./alert.ts";
import { AlertDesk } from "./alert-desk.ts";
import { countAlerts } from "./alert-causes.ts";
import { dashboardConfigSchema } from "./config.ts";
import type { DashboardOptions, DashboardSettings } from "./config.ts";
import { CostMeter } from "./cost-meter.ts";
import { DashboardView } from "./dashboard-data.ts";
import type {
  AgentPerformance,
  DashboardData,
  DashboardQuery,
  SystemPerformance,
} from "./dashboard-data.ts";
import type { DashboardDependencies } from "./dashboard-dependencies.ts";
import { gatherExport, writeExport } from "./dashboard-export.ts";
import type { DashboardExport } from "./dashboard-export.ts";
import { DashboardGauges } from "./dashboard-gauges.ts";
import { checkView, DashboardViews } from "./dashboard-views.ts";
import { fleetOf, telemetryBeside } from "./dashboard-defaults.ts";
import { EventNumbers, Feed } from "./feed.ts";
import { Judge } from "./judge.ts";
import type { AlertRequest } from "./manual-alert.ts";
import type { AgentTile, DashboardChange, FeedEvent, OverviewSummary } from "./model.ts";
import { Messengers } from "./messengers.ts";
import type { NotificationResult } from "./notifier.ts";
import { OutcomeWindow } from "./outcome-window.ts";
import { buildSummary, buildTile } from "./overview.ts";
import { pageLink } from "./page-link.ts";
import type { FleetDigest, FleetEvent, FleetSource } from "./ports.ts";
import { RefreshLoop } from "./refresh-loop.ts";
import { gatherReport } from "./report/gather-report.ts";
import { htmlReport } from "./report/html-report.ts";
import type { AlertRuleView } from "./rules/rule.ts";
import type { FeedStore } from "./store.ts";
import { VolatileAlertStore } from "./volatile-alert-store.ts";
import { VolatileFeedStore } from "./volatile-feed-store.ts";

/**
 * Views, alerts, health and feed of one namespace.
 *
 * @example
 * const dashboard = new PerformanceDashboard({ refreshInterval: 1 });
 * await dashboard.start();
 * dashboard.addAlert("warning", "High CPU usage detected", "system_monitor");
 * const data = await dashboard.getDashboardData("alerts");
 * console.assert(data.view === "alerts" && data.firing.length === 1);
 * await dashboard.stop();
 */
export class PerformanceDashboard implements AsyncDisposable {
  /** The namespace it serves. */
  readonly namespace: string;
  /** Lines for people, numbered. */
  readonly feed: Feed;
  /** What agents spent; whoever records costs adds them here. */
  readonly costs = new CostMeter();
  readonly #settings: DashboardSettings;
  readonly #dependencies: DashboardDependencies;
  readonly #fleet: FleetSource;
  readonly #store: FeedStore;
  readonly #clock: Clock;
  readonly #alerts: AlertDesk;
  readonly #judge: Judge;
  readonly #views: DashboardViews;
  readonly #gauges: DashboardGauges;
  readonly #messengers: Messengers;
  readonly #outcomes = new OutcomeWindow();
  readonly #changes = new Listeners<DashboardChange>();
  readonly #updates = new Listeners<OverviewSummary>();
  #view: DashboardView = DashboardView.SystemOverview;
  readonly #loop: RefreshLoop;
  /** Alerts of before are in the book; until then nothing is judged, lest they be raised twice. */
  #loaded: boolean;
  #loading: Promise<void> | undefined;
  #subscription: Disposable | undefined;

  /** @throws ZodError when an option is out of range. */
  constructor(options: DashboardOptions = {}, dependencies: DashboardDependencies = {}) {
    const { performanceTracker: tracker, clock = systemClock, log = noComponentLog } = dependencies;
    this.#settings = dashboardConfigSchema.parse(options);
    this.#dependencies = dependencies;
    this.namespace = dependencies.namespace ?? tracker?.namespace ?? DEFAULT_NAMESPACE;
    this.#fleet = fleetOf(dependencies);
    this.#clock = clock;
    this.#store = dependencies.feedStore ?? new VolatileFeedStore();
    const intervalMs = this.#settings.refreshInterval * 1000;
    this.#loop = new RefreshLoop(clock, log, intervalMs, () => this.#refresh());
    this.#loaded = dependencies.alertStore === undefined;
    const numbers = dependencies.eventNumbers ?? new EventNumbers(0);
    this.feed = new Feed(this.namespace, this.#store, numbers, clock);
    const shared = { namespace: this.namespace, settings: this.#settings, clock, log };
    const telemetry = telemetryBeside(dependencies);
    this.#alerts = new AlertDesk({
      ...shared,
      store: dependencies.alertStore ?? new VolatileAlertStore(),
      feed: this.feed,
      telemetry,
    });
    this.#judge = new Judge({
      ...shared,
      fleet: this.#fleet,
      alerts: this.#alerts,
      tracker,
      services: dependencies.services,
      hostUsage: dependencies.hostUsage,
    });
    this.#gauges = new DashboardGauges(this.namespace, telemetry);
    this.#messengers = new Messengers({
      ...shared,
      feed: this.feed,
      telemetry,
      isWell: () => this.isWell(),
      onDelivered: (alertId, atMs) => this.#alerts.book.noteNotified(alertId, atMs),
    });
    this.#alerts.onChange((change) => this.#messengers.take(change));
    this.#views = new DashboardViews({
      namespace: this.namespace,
      nowMs: () => clock.now(),
      tracker,
      fleet: this.#fleet,
      alerts: this.#alerts,
      summary: () => this.summary(),
      tile: (agentId) => this.tile(agentId),
      tiles: () => this.tiles(),
      services: () => this.#judge.services(),
      host: () => this.#judge.host(),
      rules: () => this.getAlertRules(),
    });
  }

  /**
   * Starts listening and refreshing, at once; resolves when the alerts of before are back.
   * @throws what the alert store throws.
   */
  start(): Promise<void> {
    this.#subscription ??= this.#fleet.onEvent((event) => this.#take(event));
    this.#judge.start();
    this.#loop.start();
    this.#messengers.start();
    this.#loading ??= this.#load();
    return this.#loading;
  }

  /**
   * Stops listening and takes no more changes of alerts; waits until feed and alerts are stored, and
   * what may be sent is sent.
   */
  async stop(): Promise<void> {
    this.#alerts.close();
    this.#subscription?.[Symbol.dispose]();
    this.#subscription = undefined;
    this.#loop.stop();
    this.#judge.stop();
    await this.#loading?.catch(() => undefined); // start() has thrown it
    this.#loading = undefined;
    await this.#messengers.stop();
    await this.#alerts.stop();
    await this.feed.flush();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /**
   * Refreshes at another interval from now on.
   * @param seconds between two refreshes; at least 0.1.
   * @throws RangeError when it is less.
   */
  setRefreshInterval(seconds: number): void {
    if (!(seconds >= 0.1)) throw new RangeError(`refresh interval ${seconds} s is under 0.1 s`);
    this.#loop.setInterval(seconds * 1000);
  }

  /** Chooses the view that {@link getDashboardData} shows. @throws DashboardError */
  setView(view: DashboardView): void {
    this.#view = checkView(view);
  }

  /**
   * What a view shows.
   * @param view default the one that was set, system_overview at first.
   * @param query default the last hour of everything.
   * @throws DashboardError `dashboard.view_unknown`.
   */
  getDashboardData<View extends DashboardView>(
    view: View,
    query?: DashboardQuery,
  ): Promise<Extract<DashboardData, { readonly view: View }>>;
  getDashboardData(view?: DashboardView, query?: DashboardQuery): Promise<DashboardData>;
  async getDashboardData(
    view: DashboardView = this.#view,
    query: DashboardQuery = {},
  ): Promise<DashboardData> {
    return this.#views.data(view, query);
  }

  /** One agent's metrics and alerts. @param range default the last hour. */
  async getAgentPerformance(agentId: string, range: TimeRange = {}): Promise<AgentPerformance> {
    return this.#views.agent(agentId, this.#views.range(range));
  }

  /** Health, machine and metrics over all agents. @param range default the last hour. */
  async getSystemPerformance(range: TimeRange = {}): Promise<SystemPerformance> {
    return this.#views.system(this.#views.range(range));
  }

  /** Headline, counts, causes and health, as of now. */
  summary(): OverviewSummary {
    return this.#summarise(this.#fleet.digest());
  }

  /** The tiles of all agents, in order of registration. */
  tiles(): readonly AgentTile[] {
    return this.#fleet.agents().map((agent) => this.#tile(agent));
  }

  /** The tile of one agent; undefined when there is no such agent. */
  tile(agentId: string): AgentTile | undefined {
    const agent = this.#fleet.agent(agentId);
    return agent === undefined ? undefined : this.#tile(agent);
  }

  /** Ids of all agents, in order of registration. */
  agentIds(): Iterable<string> {
    return this.#fleet.agentIds();
  }

  /** Lines of the feed: after a number, or the newest. */
  async events(query: {
    readonly afterId?: number;
    readonly agentId?: string;
    readonly limit?: number;
  }): Promise<readonly FeedEvent[]> {
    await this.feed.flush().catch(() => undefined); // what cannot be stored hides nothing that is
    return this.#store.events(this.namespace, query);
  }

  /**
   * Raises an alert now, or counts it to the one with the same level, words, source and agent that
   * fires already; in a flood it may be queued until there is room. Stored behind the call: see
   * {@link raiseAlert}.
   * @param source who says so: `system_monitor`, `agent:worker-1`.
   * @param about the agent and the trace it is about.
   * @throws DashboardError `dashboard.alert_invalid`, `alert_flood`, `stopped`.
   */
  addAlert(
    level: AlertLevel,
    message: string,
    source: string,
    context?: JsonObject,
    about: { readonly agentId?: string; readonly traceId?: string } = {},
  ): Alert {
    const request = { level, message, source, ...about };
    return this.#alerts.add(context === undefined ? request : { ...request, context });
  }

  /**
   * As {@link addAlert}; resolves once the alert is stored.
   * @throws also DashboardError `dashboard.alert_not_stored`.
   */
  raiseAlert(request: AlertRequest): Promise<Alert> {
    return this.#alerts.raise(request);
  }

  /**
   * Takes an alert on; resolves once that is stored, like all that is done to alerts.
   * @throws DashboardError `alert_unknown`, `alert_resolved`, `alert_not_stored`, `stopped`.
   */
  acknowledgeAlert(
    alertId: string,
    by: { readonly owner: string; readonly note?: string },
  ): Promise<Alert> {
    return this.#alerts.acknowledge(alertId, { note: "", ...by });
  }

  /** Gives a firing alert back. @throws DashboardError `alert_unknown`, `alert_resolved`. */
  unacknowledgeAlert(alertId: string): Promise<Alert> {
    return this.#alerts.unacknowledge(alertId);
  }

  /**
   * Ends a firing alert by hand. While its cause still holds it stays quiet for five minutes,
   * unless it gets worse. @throws DashboardError `alert_unknown`, `alert_resolved`.
   */
  resolveAlert(alertId: string, { note = "" }: { readonly note?: string } = {}): Promise<Alert> {
    return this.#alerts.resolve(alertId, note);
  }

  /** Alerts, firing first, then newest. */
  getAlerts(query: AlertQuery = {}): Promise<readonly Alert[]> {
    return this.#alerts.find(query);
  }

  /** One alert, firing or resolved; undefined when there is none of this id. */
  getAlert(alertId: string): Promise<Alert | undefined> {
    return this.#alerts.get(alertId);
  }

  /** The rules in force, with their thresholds and what they find now. */
  getAlertRules(): readonly AlertRuleView[] {
    return this.#judge.rules();
  }

  /** Called with every alert that was raised or changed, as it is then. */
  onAlert(callback: (alert: Alert) => void): Disposable {
    return this.#alerts.onChange(({ alert }) => callback(alert));
  }

  /** Sends a notification that says it is a test. @throws DashboardError when none is set. */
  sendTestNotification(): Promise<NotificationResult> {
    return this.#messengers.sendTest();
  }

  /** Called at once when agents look different. */
  onChange(callback: (change: DashboardChange) => void): Disposable {
    return this.#changes.add(callback);
  }

  /** Called with a fresh summary every refresh interval. */
  addUpdateCallback(callback: (summary: OverviewSummary) => void): Disposable {
    return this.#updates.add(callback);
  }

  /** True while the alerts of before are back and refreshes end, judged and on time. */
  isWell(): boolean {
    return this.#loaded && this.#loop.isWell;
  }

  /**
   * Summary, tiles, alerts, rules and feed as one document; with a path, written there too.
   * @throws DashboardError `dashboard.export_failed`.
   */
  async exportDashboardData(path?: string): Promise<DashboardExport> {
    const document = await gatherExport(this.#views.parts, (query) => this.events(query));
    if (path !== undefined) await writeExport(path, document);
    return document;
  }

  /** One HTML file that needs nothing else. @param range default the last hour. */
  async htmlReport(range: TimeRange = {}): Promise<string> {
    const covered = this.#views.range(range);
    const extras = await this.#dependencies.reportExtras?.(covered);
    const externalUrl = pageLink(this.#settings.externalUrl, this.namespace, "");
    return htmlReport(await gatherReport(this.#views, covered, externalUrl, extras));
  }

  async #load(): Promise<void> {
    await this.#alerts.load();
    this.#messengers.restore(this.#alerts.book.firing());
    this.#loaded = true;
  }

  #summarise(fleet: FleetDigest): OverviewSummary {
    const nowMs = this.#clock.now();
    return buildSummary({
      namespace: this.namespace,
      nowMs,
      fleet,
      deadLetters: this.#fleet.deadLetters(),
      operatorMail: this.#fleet.operatorMail(),
      costSince: (agentId, sinceMs) => this.costs.since(agentId, sinceMs),
      costPerHourUsd: this.costs.perHour(nowMs),
      errorRatio: this.#outcomes.ratio(nowMs),
      host: this.#judge.host(),
      alerts: this.#alerts.book,
      services: this.#judge.services(),
    });
  }

  #tile(agent: Parameters<typeof buildTile>[0]): AgentTile {
    return buildTile(agent, (agentId, sinceMs) => this.costs.since(agentId, sinceMs));
  }

  #take(event: FleetEvent): void {
    switch (event.kind) {
      case "agents-changed":
        this.#changes.emit({ agentIds: new Set(event.agentIds), removed: [] });
        return;
      case "agent-removed":
        this.costs.forget(event.agentId);
        this.#judge.forget(event.agentId);
        this.#changes.emit({ agentIds: new Set(), removed: [event.agentId] });
        return;
      case "settled":
        this.#outcomes.add(this.#clock.now(), event.failed);
        return;
      case "feed": {
        const { feedKind: kind, level, agentId, text } = event;
        this.feed.add({ kind, level, agentId, text });
        return;
      }
    }
  }

  #refresh(): void {
    const fleet = this.#fleet.digest();
    if (this.#loaded) this.#judge.judge(fleet);
    const summary = this.#summarise(fleet);
    this.#gauges.record(summary.health.score, countAlerts(this.#alerts.book));
    this.#updates.emit(summary);
  }
}
