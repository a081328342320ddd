// Remembers which dedupe keys were used, so that a send repeated by a nervous client is one
// message. Sends still being stored are remembered too: the second waits for the first.

/** The message a dedupe key stands for. */
export interface DedupeMark {
  readonly messageId: string;
  /** Null when only the store knows it. */
  readonly deliveryId: string | null;
  /** Wall time until which the key is remembered. */
  readonly untilMs: number;
  /** Resolves once the message is stored, rejects when it was not; null when stored. */
  pending: Promise<unknown> | null;
}

/** Dedupe keys per sender, for one namespace. */
export class DedupeWindow {
  // In order of insertion, which is the order of expiry: the window has one length.
  readonly #marks = new Map<string, DedupeMark>();
  readonly #keysMax: number;

  /** @param keysMax most keys remembered; beyond, the oldest are forgotten. */
  constructor(keysMax: number) {
    this.#keysMax = keysMax;
  }

  get size(): number {
    return this.#marks.size;
  }

  /** The mark of a key that is remembered at `nowMs` (wall time). */
  find(senderId: string, dedupeKey: string, nowMs: number): DedupeMark | undefined {
    const mark = this.#marks.get(markKey(senderId, dedupeKey));
    return mark !== undefined && (mark.pending !== null || mark.untilMs > nowMs) ? mark : undefined;
  }

  add(senderId: string, dedupeKey: string, mark: DedupeMark): void {
    const key = markKey(senderId, dedupeKey);
    this.#marks.delete(key);
    this.#marks.set(key, mark);
    if (this.#marks.size > this.#keysMax) this.#forgetOldest();
  }

  /** Forgets a key whose message was not stored. */
  remove(senderId: string, dedupeKey: string, mark: DedupeMark): void {
    const key = markKey(senderId, dedupeKey);
    if (this.#marks.get(key) === mark) this.#marks.delete(key);
  }

  /** Forgets what has expired; costs one look when nothing has. */
  expire(nowMs: number): void {
    for (const [key, mark] of this.#marks) {
      if (mark.pending !== null || mark.untilMs > nowMs) return;
      this.#marks.delete(key);
    }
  }

  // A share at once: finding the oldest costs a walk over the gaps of those forgotten before.
  #forgetOldest(): void {
    let surplus = 1 + Math.floor(this.#keysMax / 50);
    for (const [key, mark] of this.#marks) {
      if (mark.pending !== null) continue;
      this.#marks.delete(key);
      if (--surplus === 0) return;
    }
  }
}

// Agent ids hold no space, so the pair cannot be mistaken for another.
function markKey(senderId: string, dedupeKey: string): string {
  return `${senderId} ${dedupeKey}`;
}
