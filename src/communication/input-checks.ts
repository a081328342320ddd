// Everything a caller hands in is checked here once, so that the rest may trust it.

import { nameProblem } from "../core/index.ts";
import type { JsonObject, JsonValue } from "../core/index.ts";
import { CommunicationError } from "./errors.ts";
import { communicationLimits } from "./limits.ts";
import { AgentStatus, MessagePriority } from "./model.ts";
import type { TaskRequest } from "./model.ts";

/** Sender of the server's own messages; nobody else may use the name. */
export const SYSTEM_SENDER = "cellphone";
/** Type of the message that tells a sender of an expired message. */
export const DELIVERY_FAILED = "delivery_failed";

const PRIORITIES: ReadonlySet<unknown> = new Set(Object.values(MessagePriority));
const STATUSES: ReadonlySet<unknown> = new Set(Object.values(AgentStatus));

/** @throws CommunicationError when `id` cannot name an agent. */
export function checkAgentId(id: string, role = "agent id"): void {
  const problem = nameProblem(id);
  if (problem !== undefined) {
    throw new CommunicationError(
      "communication.name_invalid",
      `The ${role} ${show(id)} ${problem}`,
    );
  }
  if (id === SYSTEM_SENDER) {
    throw new CommunicationError(
      "communication.name_reserved",
      `The ${role} "${id}" is the server's own`,
    );
  }
}

/** @throws CommunicationError when `type` is no name or belongs to the server. */
export function checkMessageType(type: string): void {
  const problem = nameProblem(type);
  if (problem !== undefined) {
    const message = `The message type ${show(type)} ${problem}`;
    throw new CommunicationError("communication.name_invalid", message);
  }
  if (type.startsWith(`${SYSTEM_SENDER}.`) || type.startsWith(DELIVERY_FAILED)) {
    throw new CommunicationError(
      "communication.name_reserved",
      `The message type "${type}" is the server's own`,
    );
  }
}

/** @throws CommunicationError when there is no such priority. */
export function checkPriority(priority: unknown): asserts priority is MessagePriority {
  if (PRIORITIES.has(priority)) return;
  throw new CommunicationError(
    "communication.priority_unknown",
    `There is no priority ${show(priority)}`,
    { details: { priorities: [...PRIORITIES] } },
  );
}

/** @throws CommunicationError when there is no such status. */
export function checkStatus(status: unknown): asserts status is AgentStatus {
  if (STATUSES.has(status)) return;
  throw new CommunicationError(
    "communication.status_unknown",
    `There is no agent status ${show(status)}`,
    { details: { statuses: [...STATUSES] } },
  );
}

/** A key or foreign id: any text of 1 to 256 characters; null when absent. */
export function checkKey(value: string | undefined | null, role: string): string | null {
  if (value === undefined || value === null) return null;
  const most = communicationLimits.keyLength.value;
  if (typeof value !== "string" || value.length === 0 || value.length > most) {
    throw invalid(`${role} must be text of 1 to ${most} characters`);
  }
  return value;
}

/** A number of milliseconds (or of anything) within a range. */
export function checkNumber(value: number, role: string, min: number, max: number): number {
  if (typeof value === "number" && value >= min && value <= max) return value;
  throw invalid(`${role} must be a number from ${min} to ${max}, not ${show(value)}`);
}

/** Text cut to the length of a note; null when absent. */
export function checkNote(value: string | undefined | null, role = "note"): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== "string") throw invalid(`${role} must be text, not ${show(value)}`);
  const most = communicationLimits.noteLength.value;
  return value.length <= most ? value : `${value.slice(0, most - 1)}…`;
}

/** @throws CommunicationError when the title is empty or no text. */
export function checkTitle(value: string): string {
  const title = checkNote(value, "title")?.trim() ?? "";
  if (title === "") throw invalid("title must not be empty");
  return title;
}

/** A task request with its numbers checked; undefined when absent. */
export function checkTask(task: TaskRequest | undefined): TaskRequest | undefined {
  if (task === undefined) return undefined;
  const parentId = checkKey(task.parentId, "task.parentId");
  return {
    title: checkTitle(task.title),
    ...(parentId === null ? {} : { parentId }),
    ...(task.expectMs === undefined
      ? {}
      : { expectMs: checkNumber(task.expectMs, "task.expectMs", 0, Number.MAX_SAFE_INTEGER) }),
  };
}

/** Capabilities without repeats, each a name. */
export function checkCapabilities(capabilities: readonly string[]): readonly string[] {
  const most = communicationLimits.capabilities.value;
  if (!Array.isArray(capabilities)) throw invalid("capabilities must be a list of names");
  if (capabilities.length > most) {
    throw invalid(`capabilities holds ${capabilities.length} entries, more than ${most}`);
  }
  for (const capability of capabilities) {
    const problem = nameProblem(capability);
    if (problem === undefined) continue;
    const message = `The capability ${show(capability)} ${problem}`;
    throw new CommunicationError("communication.name_invalid", message);
  }
  return [...new Set(capabilities)];
}

/** Metadata as an independent copy within its size. */
export function checkMetadata(metadata: JsonObject): JsonObject {
  const most = communicationLimits.metadataBytes.value;
  if (typeof metadata !== "object" || metadata === null || Array.isArray(metadata)) {
    throw invalid("metadata must be an object");
  }
  const { json, bytes } = encodePayload(metadata, "metadata");
  if (bytes > most) throw invalid(`metadata has ${bytes} bytes, more than ${most}`);
  return JSON.parse(json); // parsed from the text of an object
}

/** A payload's own copy and its size in bytes as JSON. */
export function checkPayload(
  payload: JsonValue,
  bytesMax: number,
): { readonly payload: JsonValue; readonly bytes: number } {
  const { json, bytes } = encodePayload(payload, "payload");
  if (bytes > bytesMax) {
    throw new CommunicationError(
      "communication.payload_too_large",
      `The payload has ${bytes} bytes as JSON, more than ${bytesMax}`,
      { details: { bytes, bytesMax } },
    );
  }
  // A copy: what was accepted must not change when the caller's object does.
  const copy: JsonValue = typeof payload === "object" ? JSON.parse(json) : payload;
  return { payload: copy, bytes };
}

/** Bytes of a payload known to be JSON. */
export function payloadBytes(payload: JsonValue): number {
  return Buffer.byteLength(JSON.stringify(payload));
}

/** An argument error, in words. */
export function invalid(message: string): CommunicationError {
  return new CommunicationError("communication.argument_invalid", message);
}

function encodePayload(value: unknown, role: string): { json: string; bytes: number } {
  let json: string | undefined;
  let cause: unknown;
  try {
    json = JSON.stringify(value);
    if (mayHideNonFinite(json)) json = JSON.stringify(value, refuseNonFinite);
  } catch (error) {
    json = undefined;
    cause = error;
  }
  if (json !== undefined) return { json, bytes: Buffer.byteLength(json) };
  const words = cause instanceof Error ? cause.message : `it is ${typeof value}`;
  throw new CommunicationError(
    "communication.payload_invalid",
    `The ${role} cannot be written as JSON: ${words}`,
    { cause },
  );
}

/** Asking at every value costs several times as much as looking for the null it would become. */
function mayHideNonFinite(json: string | undefined): boolean {
  return json !== undefined && json.includes("null");
}

// JSON.stringify would turn these into null in silence.
function refuseNonFinite(key: string, value: unknown): unknown {
  if (typeof value !== "number" || Number.isFinite(value)) return value;
  throw new TypeError(`"${key}" is ${value}`);
}

function show(value: unknown): string {
  const text = typeof value === "string" ? `"${value}"` : String(value);
  return text.length <= 80 ? text : `${text.slice(0, 79)}…`;
}
