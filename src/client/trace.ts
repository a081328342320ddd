// W3C trace context (Trace Context Level 1, section 3.2): one trace id runs from a message to
// everything its handler sends. Also the random ids of this file's neighbours.

/** `byteCount` random bytes in hex. */
export function randomHex(byteCount: number): string {
  const bytes = new Uint8Array(byteCount);
  // Node 18 has no global crypto. These ids must be unique, not secret, so Math.random will do.
  if (globalThis.crypto === undefined) {
    for (let index = 0; index < byteCount; index++) bytes[index] = Math.random() * 256;
  } else globalThis.crypto.getRandomValues(bytes);
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The parts of a traceparent. */
export interface TraceParts {
  /** 32 hex digits. */
  readonly traceId: string;
  /** 16 hex digits. */
  readonly spanId: string;
  /** 2 hex digits. */
  readonly flags: string;
}

/** Takes a traceparent apart; undefined when there is none, or an unreadable one. */
export function parseTraceparent(text: string | null | undefined): TraceParts | undefined {
  const match = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(text ?? "");
  const [, traceId = "", spanId = "", flags = ""] = match ?? [];
  const isValid = match !== null && !/^0+$/.test(traceId) && !/^0+$/.test(spanId);
  return isValid ? { traceId, spanId, flags } : undefined;
}

export function formatTraceparent({ traceId, spanId, flags }: TraceParts): string {
  return `00-${traceId}-${spanId}-${flags}`;
}

/**
 * The header for the next hop: the same trace with a new parent id, or a new sampled trace when
 * there is none (or an unreadable one).
 */
export function nextTraceparent(current: string | null | undefined): string {
  const { traceId, flags } = parseTraceparent(current) ?? newTrace();
  return formatTraceparent({ traceId, spanId: randomHex(8), flags });
}

/** A new trace, sampled, with the id of its first span. */
export function newTrace(): TraceParts {
  return { traceId: randomHex(16), spanId: randomHex(8), flags: "01" };
}
