// Brings changed alerts to the store without holding up what changed them. Of an alert that
// changes again before it is written only the last state goes; a store that fails is tried again.

import type { Clock, ComponentLog } from "../core/index.ts";

import type { Alert, AlertStore } from "./alert.ts";
import { dashboardLimits } from "./limits.ts";

const RETRY_MS = 5000;
/** Rows per write: one commit of a few milliseconds. */
const BATCH = 500;

/** Alerts on their way to the store of one namespace. */
export class AlertOutbox {
  readonly #namespace: string;
  readonly #store: AlertStore;
  readonly #clock: Clock;
  readonly #log: ComponentLog;
  readonly #onShed: (count: number) => void;
  readonly #pending = new Map<string, Alert>();
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

  /** Tries to write everything now; what cannot be written stays. */
  async flush(): Promise<void> {
    this.#retry?.[Symbol.dispose]();
    this.#retry = undefined;
    if (this.#pending.size > 0) this.#writing ??= this.#drain();
    while (this.#writing !== undefined) await this.#writing;
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
      }
    } catch (error) {
      this.#log.warn("dashboard.alerts_not_stored", { waiting: this.#pending.size, error });
      this.#retry ??= this.#clock.after(RETRY_MS, () => {
        this.#retry = undefined;
        if (this.#pending.size > 0) this.#writing ??= this.#drain();
      });
    } finally {
      this.#writing = undefined;
    }
  }

  /** Firing alerts are told again by the book when they change; the oldest resolved one goes. */
  #shed(): void {
    for (const [id, alert] of this.#pending) {
      if (alert.state === "firing") continue;
      this.#pending.delete(id);
      this.#onShed(1);
      return;
    }
  }
}
