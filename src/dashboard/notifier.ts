// Tells somebody elsewhere about alerts: by webhook, grouped by rule, in order, tried again until
// it is there or too old. A receiver that is down holds up nothing but its own queue.

import { formatDuration, IdGenerator } from "../core/index.ts";
import type { Clock, ComponentLog, SeriesHandle, Telemetry } from "../core/index.ts";

import type { Alert } from "./alert.ts";
import type { AlertChange } from "./alert-book.ts";
import type { DashboardSettings } from "./config.ts";
import type { Feed } from "./feed.ts";
import { LEVEL_RANK } from "./finding.ts";
import { dashboardLimits } from "./limits.ts";
import { sendRequest } from "./outgoing-request.ts";
import type { Outcome } from "./outgoing-request.ts";
import { webhookPayload } from "./webhook-payload.ts";
import { webhookHeaders } from "./webhook-signature.ts";

const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 300_000;
const STOP_MS = 3000;
const REPEAT_CHECK_MS = 60_000;

/** What a notifier works with. */
export interface NotifierParts {
  readonly namespace: string;
  readonly settings: DashboardSettings;
  readonly feed: Feed;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  readonly log: ComponentLog;
  /** 0 to 1. @default Math.random */
  readonly random?: () => number;
}

/** How a notification went. */
export interface NotificationResult {
  readonly delivered: boolean;
  /** In words. */
  readonly detail: string;
}

interface Group {
  /** By id, as they are now. */
  readonly alerts: Map<string, Alert>;
  readonly timer: Disposable;
}

interface Notification {
  readonly id: string;
  readonly body: string;
  readonly madeAtMs: number;
  attempts: number;
}

interface Told {
  /** As it is now. */
  readonly alert: Alert;
  readonly sentAtMs: number;
}

/** Sends alerts of one namespace to its webhook. */
export class Notifier {
  readonly #parts: NotifierParts;
  readonly #ids: IdGenerator;
  readonly #random: () => number;
  readonly #sent: SeriesHandle;
  readonly #failed: SeriesHandle;
  readonly #groups = new Map<string, Group>();
  /** Alerts somebody was told fire, by id; whoever heard of the fire hears of its end. */
  readonly #told = new Map<string, Told>();
  /** When something of a rule was sent last. */
  readonly #sentAtMs = new Map<string, number>();
  readonly #queue: Notification[] = [];
  readonly #stopping = new AbortController();
  #sending: Promise<void> | undefined;
  #retry: Disposable | undefined;
  #repeating: Disposable | undefined;
  #failingSinceMs: number | null = null;
  #said = false;

  constructor(parts: NotifierParts) {
    const { namespace, telemetry, clock } = parts;
    this.#parts = parts;
    this.#ids = new IdGenerator(clock);
    this.#random = parts.random ?? Math.random;
    this.#sent = telemetry.series({ namespace, metric: "notifications_sent" });
    this.#failed = telemetry.series({ namespace, metric: "notifications_failed" });
  }

  /** Notifications that wait, and alerts that wait to become one. */
  get waiting(): number {
    return this.#queue.length + this.#groups.size;
  }

  /** Takes note of what fired before a restart: it was told, and is repeated like any other. */
  restore(alerts: Iterable<Alert>): void {
    const sentAtMs = this.#parts.clock.monotonic();
    for (const alert of alerts) {
      if (this.#matters(alert)) this.#told.set(alert.id, { alert, sentAtMs });
    }
    this.#repeatLater();
  }

  /** Takes note of a change; raised, worse and resolved alerts are sent. */
  take({ kind, alert }: AlertChange): void {
    const known = this.#told.get(alert.id);
    if (known !== undefined) this.#told.set(alert.id, { ...known, alert });
    if (kind !== "raised" && kind !== "raised_again" && kind !== "resolved") return;
    const pending = this.#groups.get(alert.rule)?.alerts;
    if (kind === "resolved") {
      const told = this.#told.delete(alert.id);
      const unsent = pending?.get(alert.id);
      if (unsent?.state === "firing" && !told) {
        pending?.delete(alert.id); // over before anybody was told
        return;
      }
      if (!told && !this.#matters(alert)) return;
    } else if (!this.#matters(alert)) return;
    this.#group(alert.rule).alerts.set(alert.id, alert);
  }

  /** Sends a notification of level info now, once. */
  async sendTest(): Promise<NotificationResult> {
    const { namespace, clock, settings } = this.#parts;
    const id = this.#ids.next("alert");
    const nowMs = clock.now();
    const alert = testAlert(id, namespace, nowMs);
    const payload = webhookPayload(namespace, alert.rule, [alert], settings.externalUrl);
    const body = JSON.stringify(payload);
    const outcome = await this.#send({ id: `msg_${id}`, body, madeAtMs: nowMs, attempts: 0 });
    if (!outcome.delivered) return { delivered: false, detail: outcome.detail };
    return { delivered: true, detail: `the receiver answered ${outcome.status}` };
  }

  /** Sends what waits, as far as that takes little time; the rest is given up and logged. */
  async stop(): Promise<void> {
    for (const rule of this.#groups.keys()) this.#flush(rule);
    this.#cancelRetry();
    this.#repeating?.[Symbol.dispose]();
    const deadline = this.#parts.clock.after(STOP_MS, () => this.#stopping.abort());
    if (this.#queue.length > 0) this.#sending ??= this.#drain();
    await this.#sending;
    deadline[Symbol.dispose]();
    this.#cancelRetry();
    if (this.#queue.length === 0) return;
    this.#parts.log.warn("dashboard.notifications_given_up", { waiting: this.#queue.length });
  }

  /** Looks once a minute whether something that still fires should be said again. */
  #repeatLater(): void {
    const { clock, settings } = this.#parts;
    if (settings.webhookRepeatInterval === 0 || this.#repeating !== undefined) return;
    this.#repeating = clock.after(REPEAT_CHECK_MS, () => {
      this.#repeating = undefined;
      const beforeMs = clock.monotonic() - settings.webhookRepeatInterval * 1000;
      for (const { alert, sentAtMs } of this.#told.values()) {
        if (sentAtMs > beforeMs || alert.acknowledged !== null) continue;
        this.#group(alert.rule).alerts.set(alert.id, alert);
      }
      if (this.#told.size > 0) this.#repeatLater();
    });
  }

  #cancelRetry(): void {
    this.#retry?.[Symbol.dispose]();
    this.#retry = undefined;
  }

  #matters(alert: Alert): boolean {
    return LEVEL_RANK[alert.level] >= LEVEL_RANK[this.#parts.settings.webhookMinimumLevel];
  }

  #group(rule: string): Group {
    const known = this.#groups.get(rule);
    if (known !== undefined) return known;
    const { clock, settings } = this.#parts;
    // The first goes at once, with what else this turn raises; those that follow wait for company.
    const sentAtMs = this.#sentAtMs.get(rule) ?? Number.NEGATIVE_INFINITY;
    const waitMs = Math.max(0, sentAtMs + settings.webhookGroupWait * 1000 - clock.monotonic());
    const timer = clock.after(waitMs, () => this.#flush(rule));
    const group: Group = { alerts: new Map(), timer };
    this.#groups.set(rule, group);
    return group;
  }

  #flush(rule: string): void {
    const group = this.#groups.get(rule);
    this.#groups.delete(rule);
    group?.timer[Symbol.dispose]();
    const alerts = [...(group?.alerts.values() ?? [])];
    if (alerts.length === 0) return;
    const { namespace, settings, clock } = this.#parts;
    for (const alert of alerts) {
      if (alert.state === "resolved") continue;
      this.#told.set(alert.id, { alert, sentAtMs: clock.monotonic() });
    }
    this.#repeatLater();
    const body = JSON.stringify(webhookPayload(namespace, rule, alerts, settings.externalUrl));
    const id = this.#ids.next("msg");
    this.#sentAtMs.set(rule, clock.monotonic());
    this.#queue.push({ id, body, madeAtMs: clock.monotonic(), attempts: 0 });
    if (this.#queue.length > dashboardLimits.notificationsWaiting.value) {
      this.#queue.splice(this.#sending === undefined ? 0 : 1, 1); // not the one under way
      this.#giveUp("too many wait");
    }
    if (this.#retry === undefined) this.#sending ??= this.#drain();
  }

  async #drain(): Promise<void> {
    try {
      for (;;) {
        const [next] = this.#queue;
        if (next === undefined || this.#stopping.signal.aborted) return;
        const outcome = await this.#send(next);
        if (outcome.delivered) this.#delivered();
        else if (this.#mayRetry(next, outcome)) {
          this.#retryLater(next, outcome.retryAfterMs);
          return;
        } else this.#giveUp(outcome.detail);
        this.#queue.splice(this.#queue.indexOf(next), 1);
      }
    } finally {
      this.#sending = undefined;
    }
  }

  #send(notification: Notification): Promise<Outcome> {
    const { settings, clock } = this.#parts;
    const { id, body } = notification;
    notification.attempts += 1;
    return sendRequest({
      url: settings.webhookUrl,
      method: "POST",
      headers: {
        "content-type": "application/json",
        "user-agent": "agent-cellphone",
        ...webhookHeaders(id, clock.now(), body, settings.webhookSecret),
      },
      body,
      timeoutMs: settings.webhookTimeout * 1000,
      signal: this.#stopping.signal,
    });
  }

  #mayRetry(notification: Notification, outcome: Outcome & { delivered: false }): boolean {
    const { clock } = this.#parts;
    const ageMs = clock.monotonic() - notification.madeAtMs;
    const isOld = ageMs >= dashboardLimits.notificationAgeMs.value;
    if (!outcome.retryable || isOld) return false;
    this.#noteFailure(outcome.detail);
    return true;
  }

  /** Full jitter under a doubling bound, and never before the receiver asked. */
  #retryLater({ attempts }: Notification, retryAfterMs: number | null): void {
    if (this.#stopping.signal.aborted) return;
    const boundMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(attempts - 1, 20));
    const askedMs = Math.min(retryAfterMs ?? 0, LONGEST_RETRY_MS);
    const delayMs = Math.max(askedMs, boundMs * (0.5 + this.#random() / 2));
    this.#retry = this.#parts.clock.after(delayMs, () => {
      this.#retry = undefined;
      this.#sending ??= this.#drain();
    });
  }

  #delivered(): void {
    this.#sent.record(1);
    const { feed, clock } = this.#parts;
    if (this.#said && this.#failingSinceMs !== null) {
      const lasted = formatDuration(clock.monotonic() - this.#failingSinceMs);
      const text = `Notifications are delivered again, after ${lasted}.`;
      feed.add({ kind: "server", level: "info", agentId: null, text });
    }
    this.#failingSinceMs = null;
    this.#said = false;
  }

  #giveUp(detail: string): void {
    this.#failed.record(1);
    this.#noteFailure(detail);
    this.#say(`A notification was given up: ${detail}.`);
    this.#parts.log.warn("dashboard.notification_given_up", { detail });
  }

  #noteFailure(detail: string): void {
    const nowMs = this.#parts.clock.monotonic();
    this.#failingSinceMs ??= nowMs;
    const failedMs = nowMs - this.#failingSinceMs;
    if (failedMs < dashboardLimits.notificationSilenceMs.value) return;
    this.#say(`No notification was delivered for ${formatDuration(failedMs)}: ${detail}.`);
  }

  /** Once per failure, not once per attempt. */
  #say(text: string): void {
    if (this.#said) return;
    this.#said = true;
    this.#parts.feed.add({ kind: "server", level: "error", agentId: null, text });
  }
}

function testAlert(id: string, namespace: string, atMs: number): Alert {
  return {
    id,
    namespace,
    key: `test:${id}`,
    rule: "test",
    level: "info",
    message: "This is a test of notifications; nothing is wrong.",
    source: "dashboard",
    labels: {},
    context: {},
    agentIds: [],
    traceId: null,
    value: null,
    threshold: null,
    state: "firing",
    startsAtMs: atMs,
    updatedAtMs: atMs,
    endsAtMs: null,
    count: 1,
    raised: 1,
    acknowledged: null,
  };
}
