// Sends recorded samples in batches, once a second and at the end.

import { sleep } from "./duration.ts";
import { CellphoneClientError } from "./errors.ts";
import type { ClientLog } from "./log.ts";
import { MetricBuffer } from "./metric-buffer.ts";
import type { OutgoingSample } from "./metric-buffer.ts";
import { wasNotSent } from "./transport.ts";
import type { Transport } from "./transport.ts";
import type { JsonObject } from "./wire.ts";

const FLUSH_MS = 1000;
/** Small enough to stay below the server's body limit with generous contexts. */
const BATCH = 500;

/** What a {@link MetricSender} needs. */
export interface MetricSenderOptions {
  readonly transport: Transport;
  readonly log: ClientLog;
  /** Known once the session is open. */
  readonly agentId: () => string;
  /** Samples that may wait. */
  readonly capacity?: number;
}

/** Collects samples and sends them in the background. */
export class MetricSender {
  readonly #options: MetricSenderOptions;
  readonly #buffer: MetricBuffer;
  readonly #closing = new AbortController();
  readonly #refusedMetrics = new Set<string>();
  #loop: Promise<void> | undefined;

  constructor(options: MetricSenderOptions) {
    this.#options = options;
    this.#buffer = new MetricBuffer(options.capacity);
  }

  get counts(): { readonly waiting: number; readonly shed: number } {
    return { waiting: this.#buffer.size, shed: this.#buffer.shed };
  }

  /** @throws RangeError when the value is not finite. */
  record(metric: string, value: number, context?: JsonObject, metadata?: JsonObject): void {
    this.#buffer.add({
      metric,
      value,
      atMs: Date.now(),
      ...(context === undefined ? {} : { context }),
      ...(metadata === undefined ? {} : { metadata }),
    });
    this.#loop ??= this.#flushAll();
  }

  /** Sends what is left, trying once. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#loop;
    await this.#flush();
    const { waiting, shed } = this.counts;
    if (waiting + shed > 0) this.#options.log.warn(`${waiting + shed} samples were not delivered`);
  }

  async #flushAll(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      await sleep(FLUSH_MS, this.#closing.signal, true);
      if (!this.#closing.signal.aborted) await this.#flush();
    }
  }

  async #flush(): Promise<void> {
    while (this.#buffer.size > 0) {
      const samples = this.#buffer.take(BATCH);
      try {
        await this.#send(samples);
      } catch (error) {
        this.#afterFailure(samples, error);
        return;
      }
    }
  }

  async #send(samples: readonly OutgoingSample[]): Promise<void> {
    const agentId = this.#options.agentId();
    const answer = await this.#options.transport.call<{
      readonly rejected: readonly { readonly index: number; readonly detail: string }[];
    }>("POST", "/api/v1/metrics", {
      body: { samples: samples.map((sample) => ({ agentId, ...sample })) },
      repeatable: false,
      retryForMs: 0,
      timeoutMs: 10_000,
    });
    for (const { index, detail } of answer.rejected) {
      const metric = samples[index]?.metric ?? "";
      this.#buffer.countShed(1);
      if (this.#refusedMetrics.size < 1000 && !this.#refusedMetrics.has(metric)) {
        this.#refusedMetrics.add(metric);
        this.#options.log.warn(`Metric "${metric}" is refused: ${detail}`);
      }
    }
  }

  /** Kept only when they surely did not arrive: counted twice is worse than missing a second. */
  #afterFailure(samples: readonly OutgoingSample[], error: unknown): void {
    const known = error instanceof CellphoneClientError ? error : undefined;
    const waits = known?.status === 429 || known?.status === 503;
    if (known !== undefined && (waits || known.status === 401 || wasNotSent(known))) {
      this.#buffer.putBack(samples);
      return;
    }
    this.#buffer.countShed(samples.length);
    const reason = error instanceof Error ? error.message : String(error);
    this.#options.log.warn(`${samples.length} samples were not delivered: ${reason}`);
  }
}
