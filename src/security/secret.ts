// Secrets are random, carry their kind as a prefix (so that leak scanners and people recognise
// them), and are kept as SHA-256 only. A plain hash suffices: 160 random bits cannot be searched.

import { hash } from "node:crypto";

import { randomToken, secureRandomBytes } from "../core/index.ts";
import type { RandomBytes } from "../core/index.ts";

import type { Credential } from "./store.ts";

const PREFIXES: Readonly<Record<Credential["kind"], string>> = {
  admin: "admin_",
  agent: "agent_",
  enrolment: "enrol_",
  session: "sess_",
};

const SECRET_BITS = 160;

/** A new secret of this kind: its prefix and 160 random bits in Crockford base 32. */
export function makeSecret(
  kind: Credential["kind"],
  randomBytes: RandomBytes = secureRandomBytes,
): string {
  return PREFIXES[kind] + randomToken(SECRET_BITS, randomBytes);
}

/** SHA-256 in lower-case hex, the only form in which a secret is kept. */
export function hashSecret(secret: string): string {
  return hash("sha256", secret, "hex");
}

/** Whether a text has the form of one of our secrets; says nothing of its being valid. */
export function looksLikeSecret(text: string): boolean {
  return /^(?:admin|agent|enrol|sess)_[0-9a-hjkmnp-tv-z]{32}$/.test(text);
}
