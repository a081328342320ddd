// Who a key belongs to, as every worker knows it: by SHA-256, so that no secret is kept.

import { hash } from "node:crypto";

import type { GatewayIdentity, IdentityChange } from "./data-plane.ts";

/** What a secret turned out to be. */
export type KeyFound =
  | { readonly identity: GatewayIdentity; readonly expired: false }
  | { readonly identity: null; readonly expired: boolean };

/** Longer texts are no keys, and are not worth hashing. */
const LONGEST_SECRET = 256;
const UNKNOWN: KeyFound = { identity: null, expired: false };
const EXPIRED: KeyFound = { identity: null, expired: true };

/**
 * Keys by the hash of their secret.
 *
 * @example
 * const table = new IdentityTable();
 * console.assert(table.find("agent_none", 0).identity === null);
 */
export class IdentityTable {
  readonly #keys = new Map<
    string,
    { readonly found: KeyFound; readonly expiresAtMs: number | null }
  >();

  /** Keys known. */
  get size(): number {
    return this.#keys.size;
  }

  /**
   * Puts changes in force, in their order.
   * @returns who they were whose keys went, as find() gave them out.
   */
  apply(changes: readonly IdentityChange[]): ReadonlySet<GatewayIdentity> {
    const gone = new Set<GatewayIdentity>();
    for (const { secretHash, identity } of changes) {
      const known = this.#keys.get(secretHash)?.found.identity ?? null;
      if (identity === null) {
        this.#keys.delete(secretHash);
        if (known !== null) gone.add(known);
      } else {
        const { kind, namespace, agentId, expiresAtMs } = identity;
        // Said again, it stays the same object: calls under way point to it.
        const same = known !== null && isSame(known, identity) ? known : undefined;
        const found: KeyFound = { identity: same ?? { kind, namespace, agentId }, expired: false };
        this.#keys.set(secretHash, { found, expiresAtMs });
      }
    }
    return gone;
  }

  /** Whose secret this is. @param nowMs wall time, in milliseconds since the Unix epoch. */
  find(secret: string, nowMs: number): KeyFound {
    if (secret.length === 0 || secret.length > LONGEST_SECRET) return UNKNOWN;
    const key = this.#keys.get(hash("sha256", secret, "hex"));
    if (key === undefined) return UNKNOWN;
    if (key.expiresAtMs !== null && key.expiresAtMs <= nowMs) return EXPIRED;
    return key.found;
  }
}

function isSame(one: GatewayIdentity, other: GatewayIdentity): boolean {
  const { kind, namespace, agentId } = one;
  return kind === other.kind && namespace === other.namespace && agentId === other.agentId;
}

/**
 * Whether a text has the form of this product's secrets. Such a text never reaches a service, also
 * when it is valid no more.
 */
export function looksLikeOwnKey(text: string): boolean {
  return /^(?:admin|agent|enrol|sess)_[0-9a-z]{32}$/.test(text);
}
