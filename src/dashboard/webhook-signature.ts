// Signs notifications as Standard Webhooks 1.0 does, so that a receiver can tell that they are
// ours, unchanged and new. https://www.standardwebhooks.com

import { createHmac } from "node:crypto";

const PREFIX = "whsec_";

/**
 * The headers of one attempt.
 * @param id the same at every attempt; receivers use it to drop what they have already.
 * @param secret `whsec_` and base64, or any text; empty: unsigned.
 */
export function webhookHeaders(
  id: string,
  atMs: number,
  body: string,
  secret: string,
): Readonly<Record<string, string>> {
  const timestamp = String(Math.floor(atMs / 1000));
  const headers = { "webhook-id": id, "webhook-timestamp": timestamp };
  if (secret === "") return headers;
  const key = secret.startsWith(PREFIX)
    ? Buffer.from(secret.slice(PREFIX.length), "base64")
    : Buffer.from(secret, "utf8");
  const signature = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`);
  return { ...headers, "webhook-signature": `v1,${signature.digest("base64")}` };
}
