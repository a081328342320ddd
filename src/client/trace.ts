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

/**
 * The header for the next hop: the same trace with a new parent id, or a new sampled trace when
 * there is none (or an unreadable one).
 */
export function nextTraceparent(current: string | null | undefined): string {
  const match = /^00-([0-9a-f]{32})-[0-9a-f]{16}-([0-9a-f]{2})$/.exec(current ?? "");
  if (match === null || /^0+$/.test(match[1] ?? "")) {
    return `00-${randomHex(16)}-${randomHex(8)}-01`;
  }
  return `00-${match[1]}-${randomHex(8)}-${match[2]}`;
}
