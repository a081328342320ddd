// Exports that may leave the machine are sealed in the age format (https://age-encryption.org/v1),
// so that any age tool opens them: for a public key, or with a passphrase.

import { Decrypter, Encrypter } from "age-encryption";

import { SecurityError } from "./errors.ts";

/** Whom a file is sealed for: holders of an age identity, or who knows the passphrase. */
export type SealTarget =
  | { readonly recipients: readonly string[] }
  | {
      readonly passphrase: string;
      /** log2 of scrypt's work. @default 18 (about a second) */
      readonly scryptWorkFactor?: number;
    };

/** What opens a sealed file. */
export type SealKey = { readonly identity: string } | { readonly passphrase: string };

/**
 * Seals a stream of bytes as it passes.
 * @throws SecurityError `security.recipient_invalid`
 */
export async function sealStream(
  plain: ReadableStream<Uint8Array>,
  target: SealTarget,
): Promise<ReadableStream<Uint8Array>> {
  return encrypterFor(target).encrypt(plain);
}

/**
 * Seals bytes at once.
 * @throws SecurityError `security.recipient_invalid`
 *
 * @example
 * const sealed = await seal(new TextEncoder().encode("{}"), {
 *   passphrase: "seven calm otters", scryptWorkFactor: 10,
 * });
 * const opened = await unseal(sealed, { passphrase: "seven calm otters" });
 * console.assert(new TextDecoder().decode(opened) === "{}");
 */
export async function seal(plain: Uint8Array, target: SealTarget): Promise<Uint8Array> {
  return encrypterFor(target).encrypt(plain);
}

/**
 * Opens sealed bytes.
 * @throws SecurityError `security.seal_unopened`
 */
export async function unseal(sealed: Uint8Array, key: SealKey): Promise<Uint8Array> {
  const decrypter = new Decrypter();
  try {
    if ("identity" in key) decrypter.addIdentity(key.identity);
    else decrypter.addPassphrase(key.passphrase);
    return await decrypter.decrypt(sealed);
  } catch (cause) {
    const message = "The sealed file does not open with this key, or is damaged";
    throw new SecurityError("security.seal_unopened", message, { cause });
  }
}

function encrypterFor(target: SealTarget): Encrypter {
  const encrypter = new Encrypter();
  if ("passphrase" in target) {
    encrypter.setPassphrase(target.passphrase);
    if (target.scryptWorkFactor !== undefined) {
      encrypter.setScryptWorkFactor(target.scryptWorkFactor);
    }
    return encrypter;
  }
  for (const recipient of target.recipients) {
    try {
      encrypter.addRecipient(recipient);
    } catch (cause) {
      const message = `"${recipient}" is not an age recipient`;
      throw new SecurityError("security.recipient_invalid", message, { cause });
    }
  }
  if (target.recipients.length === 0) {
    throw new SecurityError("security.recipient_invalid", "No recipient was given to seal to");
  }
  return encrypter;
}
