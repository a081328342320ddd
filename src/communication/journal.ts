// The way into the store: every change goes through here, failures get one form, and a stop waits
// for what is under way.

import { CellphoneError } from "../core/index.ts";
import type { ComponentLog } from "../core/index.ts";
import { CommunicationError } from "./errors.ts";
import type { CommunicationRecord, CommunicationStore } from "./store.ts";

/** Appends of one namespace. */
export class Journal {
  readonly #store: CommunicationStore;
  readonly #namespace: string;
  readonly #log: ComponentLog;
  #underWay = 0;
  #idle: (() => void)[] = [];

  constructor(store: CommunicationStore, namespace: string, log: ComponentLog) {
    this.#store = store;
    this.#namespace = namespace;
    this.#log = log;
  }

  /**
   * Resolves when the records are durable.
   * @throws CommunicationError `communication.store_failed`, or the store's own CellphoneError.
   */
  async append(records: readonly CommunicationRecord[]): Promise<void> {
    this.#underWay++;
    try {
      await this.#store.append(this.#namespace, records);
    } catch (cause) {
      if (cause instanceof CellphoneError) throw cause;
      const words = cause instanceof Error ? cause.message : String(cause);
      const message = `The change could not be stored: ${words}`;
      throw new CommunicationError("communication.store_failed", message, { cause });
    } finally {
      this.#underWay--;
      if (this.#underWay === 0) for (const resolve of this.#idle.splice(0)) resolve();
    }
  }

  /**
   * Appends what memory already holds to be true, without making anyone wait.
   * @param onFailure takes the change back, when it can be.
   */
  inBackground(records: readonly CommunicationRecord[], onFailure?: () => void): void {
    if (records.length === 0) return;
    this.append(records).catch((error: unknown) => {
      this.#log.error("communication.store_failed", { error, records: records.length });
      onFailure?.();
    });
  }

  /** Resolves when no append is under way. */
  async drain(): Promise<void> {
    while (this.#underWay > 0) {
      await new Promise<void>((resolve) => this.#idle.push(resolve));
    }
  }
}
