// Tells somebody elsewhere about alerts, by webhook: grouped by rule, each notification with the
// state of its whole rule as it is when it goes out, tried again until it is there.
//
//   change ─ group waits for company ─ line ─ request ─┬─ delivered: its alerts count as told
//                 └───── the rule's own back-off ──────┤
//                            └─ a pause of all ────────┘ the receiver cannot be reached, or rests

import { IdGenerator } from "../core/index.ts";
import type { Clock, ComponentLog, SeriesHandle, Telemetry } from "../core/index.ts";

import type { Alert } from "./alert.ts";
import type { AlertChange } from "./alert-book.ts";
import type { DashboardSettings } from "./config.ts";
import { DeliveryNews } from "./delivery-news.ts";
import type { Feed } from "./feed.ts";
import { LEVEL_RANK } from "./finding.ts";
import { dashboardLimits } from "./limits.ts";
import { emptyLane } from "./notification-lane.ts";
import type { Notification, NotificationLane } from "./notification-lane.ts";
import { sendRequest } from "./outgoing-request.ts";
import type { Outcome } from "./outgoing-request.ts";
import { ReceiverPause, refusalDelayMs, retryDelayMs } from "./receiver-pause.ts";
import { testAlert } from "./test-alert.ts";
import { webhookPayload } from "./webhook-payload.ts";
import { webhookHeaders } from "./webhook-signature.ts";

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
  /** Told of each alert that the receiver took, and when by the wall clock. */
  readonly onDelivered: (alertId: string, atMs: number) => void;
  /** 0 to 1. @default Math.random */
  readonly random?: () => number;
}

/** How a notification went. */
export interface NotificationResult {
  readonly delivered: boolean;
  /** In words. */
  readonly detail: string;
}

/** Sends alerts of one namespace to its webhook. */
export class Notifier {
  readonly #parts: NotifierParts;
  readonly #ids: IdGenerator;
  readonly #random: () => number;
  readonly #sent: SeriesHandle;
  readonly #failed: SeriesHandle;
  readonly #pause: ReceiverPause;
  readonly #news: DeliveryNews;
  /** By rule. */
  readonly #lanes = new Map<string, NotificationLane>();
  /** Those whose time has come, in the order in which it came. */
  readonly #line = new Set<NotificationLane>();
  readonly #sending = new Set<Promise<void>>();
  readonly #stopping = new AbortController();
  #isClosing = false;
  #pauseEnd: Disposable | undefined;
  #repeating: Disposable | undefined;

  constructor(parts: NotifierParts) {
    const { namespace, telemetry, clock, feed } = parts;
    this.#parts = parts;
    this.#ids = new IdGenerator(clock);
    this.#random = parts.random ?? Math.random;
    this.#sent = telemetry.series({ namespace, metric: "notifications_sent" });
    this.#failed = telemetry.series({ namespace, metric: "notifications_failed" });
    this.#pause = new ReceiverPause(clock, this.#random);
    this.#news = new DeliveryNews(feed, clock);
  }

  /** Rules with something to tell that nobody was told yet. */
  get waiting(): number {
    return [...this.#lanes.values()].filter(({ group }) => group.isDue).length;
  }

  /** Goes on with what fired before a restart: what was not delivered then is sent now. */
  restore(alerts: Iterable<Alert>): void {
    const { clock } = this.#parts;
    for (const alert of alerts) {
      const { notifiedAtMs } = alert;
      if (notifiedAtMs === null && !this.#matters(alert)) continue;
      const ageMs = notifiedAtMs === null ? 0 : Math.max(0, clock.now() - notifiedAtMs);
      const toldAtMs = notifiedAtMs === null ? null : clock.monotonic() - ageMs;
      this.#lane(alert.rule)?.group.restore(alert, toldAtMs);
    }
    for (const lane of this.#lanes.values()) this.#plan(lane);
    this.#repeatLater();
  }

  /** Takes note of a change; raised, worse and resolved alerts are sent. */
  take({ kind, alert }: AlertChange): void {
    const known = this.#lanes.get(alert.rule)?.group.has(alert.id) === true;
    const isRaised = kind === "raised" || kind === "raised_again";
    // Whoever heard of the fire hears of its end, at whatever level that is.
    const matters = known || this.#matters(alert);
    if (!known && (kind === "resolved" ? alert.notifiedAtMs === null : !isRaised || !matters)) {
      return;
    }
    const lane = this.#lane(alert.rule);
    if (lane === undefined) return;
    if (kind === "resolved") lane.group.resolve(alert);
    else if (isRaised && this.#matters(alert)) this.#raise(lane, alert);
    else lane.group.update(alert);
    this.#plan(lane);
  }

  /** Sends a notification of level info now, once. */
  async sendTest(): Promise<NotificationResult> {
    const { namespace, clock, settings } = this.#parts;
    const id = this.#ids.next("alert");
    const alert = testAlert(id, namespace, clock.now());
    const payload = webhookPayload(namespace, alert.rule, [alert], settings.externalUrl);
    const outcome = await this.#send(`msg_${id}`, JSON.stringify(payload));
    if (!outcome.delivered) return { delivered: false, detail: outcome.detail };
    return { delivered: true, detail: `the receiver answered ${outcome.status}` };
  }

  /** Sends what waits, once and as far as that takes little time; what is not there is logged. */
  async stop(): Promise<void> {
    this.#isClosing = true;
    this.#repeating?.[Symbol.dispose]();
    this.#pauseEnd?.[Symbol.dispose]();
    for (const lane of this.#lanes.values()) this.#plan(lane);
    this.#pump();
    const deadline = this.#parts.clock.after(STOP_MS, () => this.#stopping.abort());
    while (this.#sending.size > 0) await Promise.all(this.#sending);
    deadline[Symbol.dispose]();
    const { waiting } = this;
    if (waiting > 0) this.#parts.log.warn("dashboard.notifications_given_up", { waiting });
  }

  /** Looks once a minute whether something that still fires should be said again. */
  #repeatLater(): void {
    const { clock, settings } = this.#parts;
    if (settings.webhookRepeatInterval === 0 || this.#repeating !== undefined) return;
    this.#repeating = clock.after(REPEAT_CHECK_MS, () => {
      this.#repeating = undefined;
      const beforeMs = clock.monotonic() - settings.webhookRepeatInterval * 1000;
      for (const lane of this.#lanes.values()) {
        lane.group.repeat(beforeMs);
        this.#plan(lane);
      }
      if ([...this.#lanes.values()].some(({ group }) => !group.isEmpty)) this.#repeatLater();
    });
  }

  #matters(alert: Alert): boolean {
    return LEVEL_RANK[alert.level] >= LEVEL_RANK[this.#parts.settings.webhookMinimumLevel];
  }

  #raise(lane: NotificationLane, alert: Alert): void {
    lane.group.raise(alert);
    this.#repeatLater();
    if (lane.refusals === 0) return;
    // What was refused is no reason to hold back what is new.
    lane.timer?.[Symbol.dispose]();
    lane.timer = undefined;
  }

  /** Undefined when there are too many. */
  #lane(rule: string): NotificationLane | undefined {
    const known = this.#lanes.get(rule);
    if (known !== undefined) return known;
    const most = dashboardLimits.notificationsWaiting.value;
    if (this.#lanes.size >= most) {
      this.#failed.record(1);
      this.#parts.log.warn("dashboard.notification_given_up", { rule, detail: "too many wait" });
      return undefined;
    }
    const lane = emptyLane(rule);
    this.#lanes.set(rule, lane);
    return lane;
  }

  /** The first goes at once, with what else this turn raises; those after it wait for company. */
  #plan(lane: NotificationLane): void {
    if (lane.isSending) return; // planned anew when that is over
    if (this.#isClosing || !lane.group.isDue) {
      lane.timer?.[Symbol.dispose]();
      lane.timer = undefined;
      if (lane.group.isDue) this.#line.add(lane);
      else this.#line.delete(lane);
      return;
    }
    if (lane.timer !== undefined || this.#line.has(lane)) return;
    const { clock, settings } = this.#parts;
    const waitMs = lane.sentAtMs + settings.webhookGroupWait * 1000 - clock.monotonic();
    this.#queueLater(lane, Math.max(0, waitMs));
  }

  #queueLater(lane: NotificationLane, delayMs: number): void {
    lane.timer = this.#parts.clock.after(delayMs, () => {
      lane.timer = undefined;
      this.#line.add(lane);
      this.#pump();
    });
  }

  /** Sends what stands in line, as far as the receiver may be asked. */
  #pump(): void {
    for (const lane of this.#line) {
      const most = this.#pause.isDoubtful ? 1 : dashboardLimits.notificationsInFlight.value;
      if (this.#sending.size >= most) return;
      const { remainingMs } = this.#pause;
      if (remainingMs > 0 && !this.#isClosing) {
        this.#pauseEnd ??= this.#parts.clock.after(remainingMs, () => {
          this.#pauseEnd = undefined;
          this.#pump();
        });
        return;
      }
      this.#line.delete(lane);
      this.#begin(lane);
    }
  }

  #begin(lane: NotificationLane): void {
    lane.isSending = true;
    const sending = this.#attempt(lane).finally(() => {
      this.#sending.delete(sending);
      this.#pump();
    });
    this.#sending.add(sending);
  }

  async #attempt(lane: NotificationLane): Promise<void> {
    let isDelivered = false;
    try {
      isDelivered = await this.#deliver(lane);
    } catch (error) {
      this.#parts.log.error("dashboard.notification_failed", { rule: lane.rule, error });
      this.#retryLater(lane, null);
    }
    lane.isSending = false;
    if (isDelivered || !this.#isClosing) this.#plan(lane);
  }

  /** @returns whether it was delivered. */
  async #deliver(lane: NotificationLane): Promise<boolean> {
    const { clock, onDelivered } = this.#parts;
    const notification = this.#compose(lane);
    lane.notification = notification;
    lane.sentAtMs = clock.monotonic();
    lane.group.trying(notification.alerts);
    const outcome = await this.#send(notification.id, notification.body);
    if (!outcome.delivered) {
      this.#failedToDeliver(lane, notification, outcome);
      return false;
    }
    this.#sent.record(1);
    this.#pause.end();
    this.#news.delivered(lane.rule);
    lane.notification = undefined;
    lane.failures = 0;
    lane.refusals = 0;
    const told = lane.group.delivered(notification.alerts, clock.monotonic());
    for (const id of told) onDelivered(id, clock.now());
    return true;
  }

  /** What failed before goes again as it was, unless there is something else to tell by now. */
  #compose({ rule, group, notification }: NotificationLane): Notification {
    if (notification?.version === group.version) return notification;
    const { namespace, settings, clock } = this.#parts;
    const alerts = group.alerts();
    const payload = webhookPayload(namespace, rule, alerts, settings.externalUrl);
    return {
      id: this.#ids.next("msg"),
      body: JSON.stringify(payload),
      alerts: alerts.slice(0, payload.alerts.length),
      version: group.version,
      madeAtMs: clock.monotonic(),
    };
  }

  #send(id: string, body: string): Promise<Outcome> {
    const { settings, clock } = this.#parts;
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

  #failedToDeliver(
    lane: NotificationLane,
    { madeAtMs, version }: Notification,
    { detail, retryable, concernsAll, retryAfterMs }: Outcome & { readonly delivered: false },
  ): void {
    const isOld =
      this.#parts.clock.monotonic() - madeAtMs >= dashboardLimits.notificationAgeMs.value;
    if (retryable) this.#news.failed(concernsAll ? null : lane.rule, detail);
    if (!retryable || isOld) this.#giveUp(lane, detail);
    if (concernsAll) {
      this.#pause.begin(retryAfterMs);
      if (!this.#isClosing) this.#line.add(lane); // at its end: each finds out in turn
    } else if (retryable) this.#retryLater(lane, retryAfterMs);
    else {
      this.#pause.end();
      lane.refusals += 1;
      const hasNews = lane.group.version !== version; // and was not refused
      if (!this.#isClosing && !hasNews) this.#queueLater(lane, refusalDelayMs(lane.refusals));
    }
  }

  #retryLater(lane: NotificationLane, retryAfterMs: number | null): void {
    lane.failures += 1;
    if (this.#isClosing) return;
    this.#queueLater(lane, retryDelayMs(lane.failures, retryAfterMs, this.#random()));
  }

  /** What still fires, and ends not told, go into another one later. */
  #giveUp(lane: NotificationLane, detail: string): void {
    lane.notification = undefined;
    this.#failed.record(1);
    this.#news.givenUp(lane.rule, detail);
    this.#parts.log.warn("dashboard.notification_given_up", { rule: lane.rule, detail });
  }
}
