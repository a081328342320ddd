// Who a key belongs to, as every worker knows it: by SHA-256, so that no secret is kept.

import { hash } from "node:crypto";

import type { GatewayIdentity, IdentityChange } from "./data-plane.ts";

/** A key in force. Calls under way hold on to it, and so see when it expires or goes. */
export interface HeldKey {
  readonly identity: GatewayIdentity;
  /** Wall time in milliseconds since the Unix epoch; follows what is said of the key later on. */
  readonly expiresAtMs: number | null;
}

/** What a secret turned out to be. */
export type KeyFound =
  | { readonly key: HeldKey; readonly expired: false }
  | { readonly key: null; readonly expired: boolean };

/** Longer texts are no keys, and are not worth hashing. */
const LONGEST_SECRET = 256;
const UNKNOWN: KeyFound = { key: null, expired: false };
const EXPIRED: KeyFound = { key: null, expired: true };

/**
 * Keys by the hash of their secret.
 *
 * @example
 * const table = new IdentityTable();
 * console.assert(table.find("agent_none", 0).key === null);
 */
export class IdentityTable {
  readonly #keys = new Map<string, KnownKey>();

  /** Keys known. */
  get size(): number {
    return this.#keys.size;
  }

  /**
   * Puts changes in force, in their order.
   * @returns the keys that went, as find() gave them out.
   */
  apply(changes: readonly IdentityChange[]): ReadonlySet<HeldKey> {
    const gone = new Set<HeldKey>();
    for (const { secretHash, identity } of changes) {
      const known = this.#keys.get(secretHash);
      if (identity === null) {
        this.#keys.delete(secretHash);
        if (known !== undefined) gone.add(known.key);
      } else if (known !== undefined && isSame(known.key.identity, identity)) {
        // Said again, it stays the same object: calls under way point to it.
        known.key.expiresAtMs = identity.expiresAtMs;
      } else {
        const { kind, namespace, agentId, expiresAtMs } = identity;
        const key = { identity: { kind, namespace, agentId }, expiresAtMs };
        this.#keys.set(secretHash, { key, expired: false });
      }
    }
    return gone;
  }

  /** Whose secret this is. @param nowMs wall time, in milliseconds since the Unix epoch. */
  find(secret: string, nowMs: number): KeyFound {
    if (secret.length === 0 || secret.length > LONGEST_SECRET) return UNKNOWN;
    const known = this.#keys.get(hash("sha256", secret, "hex"));
    if (known === undefined) return UNKNOWN;
    const { expiresAtMs } = known.key;
    return expiresAtMs !== null && expiresAtMs <= nowMs ? EXPIRED : known;
  }
}

/** A key as the table keeps it: also what find() gives out, so that a call costs no object. */
interface KnownKey {
  readonly key: { readonly identity: GatewayIdentity; expiresAtMs: number | null };
  readonly expired: false;
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
