// How a message's payload is shown: text as it is, JSON in as few lines as it takes.

import { harmless } from "./terminal.ts";

/** A payload for reading, on as many lines as it needs. */
export function formatPayload(payload: unknown): string {
  if (typeof payload === "string") return payload.split("\n").map(harmless).join("\n");
  return JSON.stringify(payload, null, 2);
}

/** A payload on one line. */
export function payloadLine(payload: unknown): string {
  return harmless(typeof payload === "string" ? payload : JSON.stringify(payload));
}
