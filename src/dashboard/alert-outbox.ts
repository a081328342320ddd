// Brings changed alerts to the store without holding up what changed them; who must answer for a
// change waits until it is stored. Of an alert that changes again before it is written only the last
// state goes; a store that fails is tried again.

import type { Clock, ComponentLog } from "../core/index.ts";

import type { Alert, AlertStore } from "./alert.ts";
import { DashboardError } from "./errors.ts";
import { dashboardLimits } from "./limits.ts";

const RETRY_MS = 5000;
/** Rows per write: one commit of a few milliseconds. */
const BATCH = 500;

/** Somebody who answers only for what is stored. */
interface Waiter {
  readonly id: string;
  readonly resolve: () => void;
  readonly reject: (error: DashboardError) => void;
}

/** Alerts on their way to the store of one namespace. */
export class AlertOutbox {
  readonly #namespace: string;
  readonly #store: AlertStore;
  readonly #clock: Clock;
  readonly #log: ComponentLog;
  readonly #onShed: (count: number) => void;
  readonly #pending = new Map<string, Alert>();
  #waiters: Waiter[] = [];
  #writing: Promise<void> | undefined;
  #retry: Disposable | undefined;

  /** @param onShed told how many alerts were given up. */
  constructor(
    namespace: string,
    store: AlertStore,
    clock: Clock,
    log: ComponentLog,
    onShed: (count: number) => void,
  ) {
    this.#namespace = namespace;
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
    this.#onShed = onShed;
  }

  put(alert: Alert): void {
    this.#pending.delete(alert.id); // what changed last stands last
    this.#pending.set(alert.id, alert);
    if (this.#pending.size > dashboardLimits.alertsPending.value) this.#shed();
    if (this.#retry === undefined) this.#writing ??= this.#drain();
  }

  /** Alerts as they are now that the store may know as they were. */
  pending(): Iterable<Alert> {
    return this.#pending.values();
  }

  get(id: string): Alert | undefined {
    return this.#pending.get(id);
  }

  /**
   * Resolves once an alert is stored as it is now.
   * @throws DashboardError `dashboard.alert_not_stored`; what was not written is tried again.
   */
  async stored(id: string): Promise<void> {
    if (!this.#pending.has(id)) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiters.push({ id, resolve, reject });
    this.#writeNow();
    await promise;
  }

  /** Tries to write everything now; what cannot be written stays. */
  async flush(): Promise<void> {
    this.#writeNow();
    while (this.#writing !== undefined) await this.#writing;
  }

  #writeNow(): void {
    this.#retry?.[Symbol.dispose]();
    this.#retry = undefined;
    if (this.#pending.size > 0) this.#writing ??= this.#drain();
  }

  async #drain(): Promise<void> {
    await Promise.resolve(); // changes of one turn share one write
    try {
      while (this.#pending.size > 0) {
        const batch = [...this.#pending.values()].slice(0, BATCH);
        await this.#store.putAlerts(this.#namespace, batch);
        for (const alert of batch) {
          if (this.#pending.get(alert.id) === alert) this.#pending.delete(alert.id);
        }
        this.#waiters = this.#waiters.filter((waiter) => {
          const waits = this.#pending.has(waiter.id);
          if (!waits) waiter.resolve();
          return waits;
        });
      }
    } catch (error) {
      this.#fail(() => true, error);
      this.#log.warn("dashboard.alerts_not_stored", { waiting: this.#pending.size, error });
      this.#retry ??= this.#clock.after(RETRY_MS, () => {
        this.#retry = undefined;
        if (this.#pending.size > 0) this.#writing ??= this.#drain();
      });
    } finally {
      this.#writing = undefined;
    }
  }

  #fail(isMeant: (waiter: Waiter) => boolean, cause: unknown): void {
    const failed = this.#waiters.filter(isMeant);
    this.#waiters = this.#waiters.filter((waiter) => !failed.includes(waiter));
    for (const { id, reject } of failed) {
      const message = `Alert "${id}" is changed, but not stored yet: the store does not take it`;
      reject(new DashboardError("dashboard.alert_not_stored", message, { cause }));
    }
  }

  /** What fires or is queued must not be lost; the oldest resolved one goes. */
  #shed(): void {
    for (const [id, alert] of this.#pending) {
      if (alert.state !== "resolved") continue;
      this.#pending.delete(id);
      this.#fail((waiter) => waiter.id === id, undefined);
      this.#onShed(1);
      return;
    }
  }
}
