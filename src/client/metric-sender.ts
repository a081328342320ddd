// Samples on their way to the server: checked when they are recorded, sent by the batch.

import { BatchSender } from "./batch-sender.ts";
import type { BatchSenderOptions } from "./batch-sender.ts";
import type { JsonObject } from "./wire.ts";

/** One recorded value on its way. */
export interface OutgoingSample {
  readonly metric: string;
  readonly value: number;
  readonly atMs: number;
  readonly context?: JsonObject;
  readonly metadata?: JsonObject;
}

/** Collects samples and sends them in the background. */
export class MetricSender {
  readonly #sender: BatchSender<OutgoingSample>;

  constructor(options: Omit<BatchSenderOptions<OutgoingSample>, "path" | "noun" | "nameOf">) {
    this.#sender = new BatchSender({
      ...options,
      path: "/api/v1/metrics",
      noun: "samples",
      nameOf: ({ metric }) => `Metric "${metric}"`,
    });
  }

  /** Samples waiting, and samples given up since the start. */
  get counts(): { readonly waiting: number; readonly shed: number } {
    return this.#sender.counts;
  }

  /** @throws RangeError when the value is not finite. TypeError when the name is empty. */
  record(metric: string, value: number, context?: JsonObject, metadata?: JsonObject): void {
    if (metric === "") throw new TypeError("A metric needs a name");
    if (!Number.isFinite(value)) {
      throw new RangeError(`Metric "${metric}" takes a finite number, not ${value}`);
    }
    // Copies: callers go on using their objects for the next sample.
    this.#sender.add({
      metric,
      value,
      atMs: Date.now(),
      ...(context === undefined ? {} : { context: { ...context } }),
      ...(metadata === undefined ? {} : { metadata: { ...metadata } }),
    });
  }

  /** Sends what is left, trying once. */
  close(): Promise<void> {
    return this.#sender.close();
  }
}
