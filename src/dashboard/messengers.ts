// Who is told elsewhere: the webhook, and the watcher that waits for a sign of life. Each only
// where an address was set.

import type { Alert } from "./alert.ts";
import type { AlertChange } from "./alert-book.ts";
import { DeadMan } from "./dead-man.ts";
import { DashboardError } from "./errors.ts";
import { Notifier } from "./notifier.ts";
import type { NotificationResult, NotifierParts } from "./notifier.ts";

/** What messengers work with. */
export interface MessengerParts extends NotifierParts {
  /** Loaded, and its last refresh ended well and lately. */
  readonly isWell: () => boolean;
}

/** Notifications and pings of one namespace. */
export class Messengers {
  readonly #parts: MessengerParts;
  readonly #deadMan: DeadMan | undefined;
  #notifier: Notifier | undefined;

  constructor(parts: MessengerParts) {
    const { settings, clock, log, isWell } = parts;
    this.#parts = parts;
    const { deadManUrl: url, deadManInterval } = settings;
    const intervalMs = deadManInterval * 1000;
    const problem = async (): Promise<string | null> =>
      isWell() ? null : "the dashboard does not refresh";
    this.#deadMan = url === "" ? undefined : new DeadMan({ url, intervalMs, problem, clock, log });
  }

  start(): void {
    this.#deadMan?.start();
  }

  /** Takes note of what fired before. */
  restore(alerts: Iterable<Alert>): void {
    this.#webhook()?.restore(alerts);
  }

  async stop(): Promise<void> {
    await Promise.all([this.#notifier?.stop(), this.#deadMan?.stop()]);
    this.#notifier = undefined;
  }

  take(change: AlertChange): void {
    this.#webhook()?.take(change);
  }

  /** @throws DashboardError `dashboard.notifications_off`. */
  async sendTest(): Promise<NotificationResult> {
    const notifier = this.#webhook();
    if (notifier !== undefined) return notifier.sendTest();
    throw new DashboardError("dashboard.notifications_off", "No webhookUrl is set");
  }

  #webhook(): Notifier | undefined {
    if (this.#parts.settings.webhookUrl === "") return undefined;
    return (this.#notifier ??= new Notifier(this.#parts));
  }
}
