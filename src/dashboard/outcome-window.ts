// Counts how much of what ended lately ended badly, in buckets of ten seconds.

const BUCKET_MS = 10_000;
const BUCKETS = 30;

/** Settled and failed work of the last five minutes. */
export class OutcomeWindow {
  readonly #settled = new Float64Array(BUCKETS);
  readonly #failed = new Float64Array(BUCKETS);
  #bucket = 0;

  add(nowMs: number, failed: boolean): void {
    this.#advance(nowMs);
    const slot = this.#bucket % BUCKETS;
    this.#settled[slot] = (this.#settled[slot] ?? 0) + 1;
    if (failed) this.#failed[slot] = (this.#failed[slot] ?? 0) + 1;
  }

  /** Failed of all that ended in the last five minutes, 0 to 1; null when nothing ended. */
  ratio(nowMs: number): number | null {
    this.#advance(nowMs);
    const settled = this.#settled.reduce((sum, count) => sum + count, 0);
    const failed = this.#failed.reduce((sum, count) => sum + count, 0);
    return settled === 0 ? null : failed / settled;
  }

  #advance(nowMs: number): void {
    const bucket = Math.floor(nowMs / BUCKET_MS);
    const steps = Math.min(BUCKETS, Math.max(0, bucket - this.#bucket));
    for (let step = 0; step < steps; step++) {
      this.#settled[(bucket - step) % BUCKETS] = 0;
      this.#failed[(bucket - step) % BUCKETS] = 0;
    }
    this.#bucket = Math.max(bucket, this.#bucket);
  }
}
