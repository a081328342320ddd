// Rate limits that are exact across threads: one timestamp a key, in memory that all workers
// share, changed by compare-and-swap.
//
// The algorithm is the generic cell rate algorithm in its virtual scheduling form (ITU-T I.371,
// annex A; also ATM Forum TM 4.1, section 4.4.2): a key's timestamp is the theoretical arrival
// time (TAT) of its next call. With T the time between two calls of the sustained rate, a call at
// `now` conforms when max(TAT, now) + T <= now + burst * T; the left side is then the new TAT.
//
//     bytes   0..63   slots, seed, lock, keys forgotten (32-bit each), the rest spare
//     then    16 per slot: hash of the key (0: never used), TAT in nanoseconds since the epoch
//
// Slots are found by open addressing within a window of 32. A slot's TAT grows also when the slot
// goes to another key, so that a thread which read it before cannot charge the wrong key: its
// compare-and-swap fails. Only giving slots to keys takes the lock.

import { gatewayLimits } from "./limits.ts";
import type { RateLimit } from "./model.ts";

/** Whether a call may pass, and what a caller is told. */
export interface RateLimitDecision {
  readonly allowed: boolean;
  /** How many may come at once from rest: the burst. */
  readonly limit: number;
  /** How many more may come now. */
  readonly remaining: number;
  /** Seconds until the whole burst is there again. */
  readonly resetSeconds: number;
  /** Seconds after which the next call passes; 0 when this one did. */
  readonly retryAfterSeconds: number;
}

const HEADER_BYTES = 64;
const SLOT_BYTES = 16;
const WINDOW = 32;
const SLOTS = 0;
const SEED = 1;
const LOCK = 2;
const FORGOTTEN = 3;
const NS_PER_MINUTE = 60e9;
/** A limit that lets nothing pass may be lifted: asking once a minute is enough. */
const CLOSED_RETRY_S = 60;
/** A holder of the lock needs microseconds; one that has gone must not stop everybody. */
const LOCK_PATIENCE_MS = 50;

/**
 * Budgets by key, shared by every thread that attaches to the same buffer.
 *
 * When all slots a key may have are taken by keys whose budget is not full, the one nearest to
 * rest is forgotten: that key gets at most its burst back, and nobody is refused for it.
 *
 * @example
 * const table = RateLimitTable.create();
 * const limit = { requestsPerMinute: 60, burst: 1 };
 * console.assert(table.take("default/users", limit, 0).allowed);
 * console.assert(!table.take("default/users", limit, 500).allowed);
 */
export class RateLimitTable {
  readonly buffer: SharedArrayBuffer;
  readonly #header: Int32Array;
  readonly #words: BigInt64Array;
  readonly #mask: number;
  readonly #seed: number;

  private constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.#header = new Int32Array(buffer, 0, HEADER_BYTES / 4);
    this.#words = new BigInt64Array(buffer, HEADER_BYTES);
    this.#mask = Atomics.load(this.#header, SLOTS) - 1;
    this.#seed = Atomics.load(this.#header, SEED);
  }

  /**
   * A table of its own.
   * @param slots keys it has room for, rounded up to a power of two.
   */
  static create(slots: number = gatewayLimits.rateLimitSlots.value): RateLimitTable {
    if (!(slots >= 1 && slots <= 2 ** 26)) throw new RangeError(`Cannot make ${slots} slots`);
    const rounded = Math.max(WINDOW, 2 ** Math.ceil(Math.log2(slots)));
    const buffer = new SharedArrayBuffer(HEADER_BYTES + rounded * SLOT_BYTES);
    const header = new Int32Array(buffer, 0, HEADER_BYTES / 4);
    header[SLOTS] = rounded;
    // Nobody outside can choose keys that all fall into one window.
    header[SEED] = crypto.getRandomValues(new Int32Array(1))[0] ?? 0;
    return new RateLimitTable(buffer);
  }

  /**
   * The same table in another thread.
   * @throws RangeError when the buffer is no table.
   */
  static attach(buffer: SharedArrayBuffer): RateLimitTable {
    const slots = buffer.byteLength < HEADER_BYTES ? 0 : (new Int32Array(buffer, 0, 1)[0] ?? 0);
    if (slots < WINDOW || buffer.byteLength !== HEADER_BYTES + slots * SLOT_BYTES) {
      throw new RangeError("The buffer holds no table of rate limits");
    }
    return new RateLimitTable(buffer);
  }

  /** Keys that were forgotten before their budget was full, because there was no room. */
  get forgotten(): number {
    return Atomics.load(this.#header, FORGOTTEN);
  }

  /**
   * Takes one call off a key's budget, or refuses it and takes nothing.
   * @param nowMs wall time in milliseconds; the same clock in all threads.
   */
  take(key: string, limit: RateLimit, nowMs: number): RateLimitDecision {
    const { requestsPerMinute, burst } = limit;
    if (!(requestsPerMinute > 0) || !(burst >= 1)) return closed();
    // Rounded up, so that rounding never lets one more pass.
    const interval = BigInt(Math.max(1, Math.ceil(NS_PER_MINUTE / requestsPerMinute)));
    const whole = Math.floor(burst);
    const now = BigInt(Math.floor(nowMs * 1000)) * 1000n;
    const most = now + BigInt(whole) * interval;
    const hash = this.#hash(key);
    for (;;) {
      const slot = this.#find(hash) ?? this.#claim(hash, now);
      const known = Atomics.load(this.#words, slot + 1);
      if (known < 0n) this.#claim(hash, now);
      // Read after the TAT: had the slot changed hands before, its TAT would not be the same.
      if (known < 0n || Atomics.load(this.#words, slot) !== hash) continue;
      if (known > most) {
        // The clock went back or the limit was lowered: that counts as a used-up burst.
        Atomics.compareExchange(this.#words, slot + 1, known, most);
        continue;
      }
      const next = (known < now ? now : known) + interval;
      if (next > most) return refused(whole, next - most, known - now);
      if (Atomics.compareExchange(this.#words, slot + 1, known, next) !== known) continue;
      return {
        allowed: true,
        limit: whole,
        remaining: Number((most - next) / interval),
        resetSeconds: seconds(next - now),
        retryAfterSeconds: 0,
      };
    }
  }

  /** Index of the word that holds the key's hash; its TAT is the next word. */
  #find(hash: bigint): number | undefined {
    const start = Number(BigInt.asUintN(32, hash)) & this.#mask;
    for (let step = 0; step < WINDOW; step++) {
      const slot = ((start + step) & this.#mask) * 2;
      const held = Atomics.load(this.#words, slot);
      if (held === hash) return slot;
      // A slot once used is never empty again, so nothing can lie behind an empty one.
      if (held === 0n) return undefined;
    }
    return undefined;
  }

  /** Gives the key a slot, unless another thread just did. */
  #claim(hash: bigint, now: bigint): number {
    this.#lock();
    try {
      const found = this.#find(hash);
      if (found !== undefined && Atomics.load(this.#words, found + 1) >= 0n) return found;
      return this.#giveSlot(hash, now);
    } finally {
      this.#unlock();
    }
  }

  #giveSlot(hash: bigint, now: bigint): number {
    const start = Number(BigInt.asUintN(32, hash)) & this.#mask;
    for (;;) {
      let slot = -1;
      let earliest = 0n;
      for (let step = 0; step < WINDOW; step++) {
        const candidate = ((start + step) & this.#mask) * 2;
        const held = Atomics.load(this.#words, candidate);
        const tat = Atomics.load(this.#words, candidate + 1);
        // Empty, or left half done by a thread that was ended: whoever comes first.
        const due = held === 0n || tat < 0n ? -1n : tat;
        if (slot !== -1 && due >= earliest) continue;
        slot = candidate;
        earliest = due;
        if (due <= now && (held === 0n || held === hash)) break;
      }
      if (this.#rekey(slot, hash, now)) return slot;
    }
  }

  /** False when a call was charged to the slot meanwhile. */
  #rekey(slot: number, hash: bigint, now: bigint): boolean {
    const tat = Atomics.load(this.#words, slot + 1);
    // Negative says "changing hands"; readers come back.
    const last = tat < 0n ? -tat : tat;
    if (Atomics.compareExchange(this.#words, slot + 1, tat, -last - 1n) !== tat) return false;
    if (last > now) Atomics.add(this.#header, FORGOTTEN, 1);
    const isUnused = Atomics.load(this.#words, slot) === 0n;
    Atomics.store(this.#words, slot, hash);
    // A key that was forgotten early leaves no debt to the next one.
    const fresh = last > now ? now : last + 1n;
    Atomics.store(this.#words, slot + 1, isUnused ? 0n : fresh);
    return true;
  }

  #lock(): void {
    const deadlineMs = performance.now() + LOCK_PATIENCE_MS;
    for (let spins = 0; Atomics.compareExchange(this.#header, LOCK, 0, 1) !== 0; spins++) {
      if (spins < 200) continue;
      if (performance.now() > deadlineMs) return;
      Atomics.wait(this.#header, LOCK, 1, 1);
    }
  }

  #unlock(): void {
    Atomics.store(this.#header, LOCK, 0);
    Atomics.notify(this.#header, LOCK, 1);
  }

  /** 64 bits from two rounds of multiply and xor; never 0, which means an empty slot. */
  #hash(key: string): bigint {
    let low = this.#seed ^ 0x9e3779b9;
    let high = this.#seed ^ 0x41c6ce57;
    for (let index = 0; index < key.length; index++) {
      const code = key.charCodeAt(index);
      low = Math.imul(low ^ code, 0x85ebca6b);
      high = Math.imul(high ^ code, 0x5f356495);
      low ^= low >>> 13;
      high ^= high >>> 15;
    }
    low = Math.imul(low ^ (high >>> 16), 0xc2b2ae35);
    high = Math.imul(high ^ (low >>> 13), 0x27d4eb2f);
    const hash = BigInt.asIntN(64, (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0));
    return hash === 0n ? 1n : hash;
  }
}

function closed(): RateLimitDecision {
  return {
    allowed: false,
    limit: 0,
    remaining: 0,
    resetSeconds: CLOSED_RETRY_S,
    retryAfterSeconds: CLOSED_RETRY_S,
  };
}

function refused(limit: number, wait: bigint, debt: bigint): RateLimitDecision {
  return {
    allowed: false,
    limit,
    remaining: 0,
    resetSeconds: seconds(debt),
    retryAfterSeconds: seconds(wait),
  };
}

function seconds(nanoseconds: bigint): number {
  return Number(nanoseconds) / 1e9;
}
