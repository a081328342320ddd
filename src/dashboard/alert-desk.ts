// The alerts of one namespace: the book decides, and here its decisions become rows of the store,
// lines of the feed, samples of the tracker and news for listeners.

import { IdGenerator, Listeners } from "../core/index.ts";
import type { Clock, ComponentLog, Telemetry } from "../core/index.ts";
import { formatDuration } from "../core/index.ts";

import type { Acknowledgement, Alert, AlertQuery, AlertStore } from "./alert.ts";
import { AlertBook } from "./alert-book.ts";
import type { AlertChange } from "./alert-book.ts";
import { AlertOutbox } from "./alert-outbox.ts";
import { alertLimit, searchAlerts } from "./alert-search.ts";
import type { DashboardSettings } from "./config.ts";
import { ALERTS_RAISED_METRIC } from "./dashboard-gauges.ts";
import { DashboardError } from "./errors.ts";
import type { Feed, FeedLine } from "./feed.ts";
import type { Finding } from "./finding.ts";
import { dashboardLimits } from "./limits.ts";
import { checkWords, manualFinding } from "./manual-alert.ts";
import type { AlertRequest } from "./manual-alert.ts";
import { causeRules } from "./rules/cause-rules.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const CAUSE_RULES: ReadonlySet<string> = new Set(causeRules.map((rule) => rule.id));

/** What a desk works with. */
export interface AlertDeskParts {
  readonly namespace: string;
  readonly settings: DashboardSettings;
  readonly store: AlertStore;
  readonly feed: Feed;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  readonly log: ComponentLog;
}

/** Raises, changes, stores and finds alerts. */
export class AlertDesk {
  readonly book: AlertBook;
  readonly #parts: AlertDeskParts;
  readonly #outbox: AlertOutbox;
  readonly #changes = new Listeners<AlertChange>();
  #pruning: Disposable | undefined;
  #isStopped = false;

  constructor(parts: AlertDeskParts) {
    const { namespace, settings, store, clock, log, feed } = parts;
    this.#parts = parts;
    this.#outbox = new AlertOutbox(namespace, store, clock, log, () =>
      feed.add({
        kind: "server",
        level: "warning",
        agentId: null,
        text: "An alert was shown but not stored: the store does not take alerts.",
      }),
    );
    this.book = new AlertBook({
      namespace,
      clock,
      ids: new IdGenerator(clock),
      maxFiring: settings.maxFiringAlerts,
      manualTimeoutMs: settings.manualAlertTimeout * 1000,
      onChange: (change) => this.#take(change),
    });
  }

  /** Goes on with the alerts that fired or waited before, and prunes now and every hour. */
  async load(): Promise<void> {
    this.#isStopped = false;
    for (const state of ["firing", "queued"] as const) {
      const alerts = await this.#stored(state);
      this.book.restore(alerts.toReversed()); // the oldest first: who waited longest fires first
    }
    this.#prune();
  }

  /** Takes no more changes from now on: nothing would come of them. */
  close(): void {
    this.#isStopped = true;
  }

  /** Takes no more changes and writes what it has, as far as the store takes it. */
  async stop(): Promise<void> {
    this.close();
    this.#pruning?.[Symbol.dispose]();
    this.#pruning = undefined;
    await this.#outbox.flush();
  }

  /** @throws DashboardError `dashboard.alert_invalid`, `alert_flood`, `stopped`. */
  add(request: AlertRequest): Alert {
    this.#checkRuns();
    return this.book.add(manualFinding(request, this.#parts.settings.manualAlertTimeout * 1000));
  }

  /** As {@link add}, once it is stored. @throws also DashboardError `alert_not_stored`. */
  async raise(request: AlertRequest): Promise<Alert> {
    return this.#whenStored(this.add(request));
  }

  observe(findings: readonly Finding[]): void {
    this.book.observe(findings);
  }

  /** @throws DashboardError `alert_unknown`, `alert_resolved`, `alert_invalid`, `stopped`. */
  async acknowledge(
    id: string,
    { owner, note }: Pick<Acknowledgement, "owner" | "note">,
  ): Promise<Alert> {
    checkWords("owner", owner, 256);
    if (note !== "") checkWords("note", note, dashboardLimits.alertWords.value);
    this.#checkRuns();
    return this.#whenStored(this.book.acknowledge(id, { owner, note }) ?? (await this.#refuse(id)));
  }

  /** @throws DashboardError `alert_unknown`, `alert_resolved`, `stopped`. */
  async unacknowledge(id: string): Promise<Alert> {
    this.#checkRuns();
    return this.#whenStored(this.book.unacknowledge(id) ?? (await this.#refuse(id)));
  }

  /** @throws DashboardError `alert_unknown`, `alert_resolved`, `alert_invalid`, `stopped`. */
  async resolve(id: string, note: string): Promise<Alert> {
    if (note !== "") checkWords("note", note, dashboardLimits.alertWords.value);
    this.#checkRuns();
    return this.#whenStored(this.book.resolve(id, note) ?? (await this.#refuse(id)));
  }

  /** As they are now, whatever the store has written yet. */
  async find(query: AlertQuery): Promise<readonly Alert[]> {
    await this.#outbox.flush();
    const { store, namespace } = this.#parts;
    const stored = await store.alerts(namespace, query);
    const current = new Map(stored.map((alert) => [alert.id, alert]));
    for (const alert of this.#outbox.pending()) current.set(alert.id, alert);
    return searchAlerts(current.values(), { ...query, limit: alertLimit(query) });
  }

  async get(id: string): Promise<Alert | undefined> {
    const held = this.book.get(id) ?? this.#outbox.get(id);
    return held ?? this.#parts.store.alert(this.#parts.namespace, id);
  }

  onChange(callback: (change: AlertChange) => void): Disposable {
    return this.#changes.add(callback);
  }

  /** All stored alerts in a state, newest first. */
  async #stored(state: Alert["state"]): Promise<readonly Alert[]> {
    const { store, namespace } = this.#parts;
    const limit = dashboardLimits.alertsPerQuery.value;
    const found: Alert[] = [];
    for (;;) {
      const after = found.at(-1);
      const place = after === undefined ? {} : { after };
      const page = await store.alerts(namespace, { state, ...place, limit });
      found.push(...page);
      if (page.length < limit) return found;
    }
  }

  /** The commit before the answer. */
  async #whenStored(alert: Alert): Promise<Alert> {
    await this.#outbox.stored(alert.id);
    return alert;
  }

  #checkRuns(): void {
    if (!this.#isStopped) return;
    const message = `The dashboard of namespace "${this.#parts.namespace}" is stopped`;
    throw new DashboardError("dashboard.stopped", message);
  }

  async #refuse(id: string): Promise<never> {
    const alert = await this.get(id);
    if (alert === undefined) {
      throw new DashboardError("dashboard.alert_unknown", `There is no alert "${id}"`);
    }
    const message = `Alert "${id}" (${alert.message}) is resolved`;
    throw new DashboardError("dashboard.alert_resolved", message);
  }

  #take(change: AlertChange): void {
    const { feed, telemetry, namespace } = this.#parts;
    const { alert, kind } = change;
    this.#outbox.put(alert);
    if (kind === "queued") return; // the flood's alert tells of all that wait
    const line = lineOf(change);
    if (line !== undefined) feed.add(line);
    if (kind === "raised" || kind === "raised_again") {
      const labels = { level: alert.level, rule: alert.rule };
      telemetry.series({ namespace, metric: ALERTS_RAISED_METRIC, labels }).record(1);
    }
    this.#changes.emit(change);
  }

  #prune(): void {
    const { store, namespace, settings, clock, log } = this.#parts;
    const beforeMs = clock.now() - settings.alertRetentionDays * DAY_MS;
    this.#pruning = clock.after(HOUR_MS, () => this.#prune());
    store
      .pruneAlerts(namespace, { beforeMs, keep: settings.maxAlertHistory })
      .catch((error: unknown) => log.warn("dashboard.alerts_not_pruned", { error }));
  }
}

/** The feed's line for a change; repeats and renewed words have none. */
function lineOf({ kind, alert }: AlertChange): FeedLine | undefined {
  const agentId = alert.agentIds[0] ?? null;
  const ofCause = CAUSE_RULES.has(alert.rule);
  switch (kind) {
    case "raised":
      return {
        kind: ofCause ? "cause" : "alert",
        level: alert.level,
        agentId,
        text: alert.message,
      };
    case "raised_again": {
      const text = `raised again: ${alert.message}`;
      return { kind: ofCause ? "cause" : "alert", level: alert.level, agentId, text };
    }
    case "resolved": {
      const lastedMs = (alert.endsAtMs ?? alert.updatedAtMs) - alert.startsAtMs;
      const text = `${alert.message}: over after ${formatDuration(lastedMs)}`;
      const resolved = ofCause ? "cause_resolved" : "alert_resolved";
      return { kind: resolved, level: "info", agentId, text };
    }
    case "acknowledged": {
      const { owner = "somebody", note = "" } = alert.acknowledged ?? {};
      const text = `${owner} takes on: ${alert.message}${note === "" ? "" : ` (${note})`}`;
      return { kind: "alert_acknowledged", level: "info", agentId, text };
    }
    default:
      return undefined;
  }
}
