// Alerts that somebody raises: a person, a program, an agent about itself. The same words from the
// same source at the same level about the same agent are the same alert.

import { createHash } from "node:crypto";

import type { JsonObject } from "../core/index.ts";

import { AlertLevel } from "./alert.ts";
import { DashboardError } from "./errors.ts";
import type { Finding } from "./finding.ts";
import { dashboardLimits } from "./limits.ts";

/** The rule that alerts raised by hand belong to. */
export const MANUAL_RULE = "manual";

/** An alert as it is raised. */
export interface AlertRequest {
  readonly level: AlertLevel;
  readonly message: string;
  readonly source: string;
  readonly context?: JsonObject;
  /** The agent it is about. */
  readonly agentId?: string;
  /** A trace that shows it. */
  readonly traceId?: string;
}

/** @throws DashboardError `dashboard.alert_invalid`. */
export function manualFinding(request: AlertRequest, timeoutMs: number): Finding {
  checkRequest(request);
  const { level, message, source, agentId, traceId } = request;
  const context = copyOf(request.context ?? {});
  const digest = createHash("sha256").update(JSON.stringify([level, source, message, agentId]));
  return {
    key: `${MANUAL_RULE}:${digest.digest("base64url").slice(0, 22)}`,
    rule: MANUAL_RULE,
    level,
    message,
    source,
    labels: {},
    context,
    agentIds: agentId === undefined ? [] : [agentId],
    traceId: traceId ?? null,
    value: null,
    threshold: null,
    forMs: 0,
    keepFiringForMs: timeoutMs,
  };
}

/** A copy of its own, so that what the caller changes later changes no alert. */
function copyOf(context: JsonObject): JsonObject {
  const most = dashboardLimits.alertContextBytes.value;
  try {
    const text = JSON.stringify(context);
    const bytes = Buffer.byteLength(text);
    if (bytes <= most) return JSON.parse(text);
    throw invalid(`The context has ${bytes} bytes; an alert carries ${most}`);
  } catch (error) {
    if (error instanceof DashboardError) throw error;
    throw invalid(`The context is nothing that JSON can carry: ${String(error)}`);
  }
}

function checkRequest({ level, message, source }: AlertRequest): void {
  const { alertWords } = dashboardLimits;
  if (!Object.values(AlertLevel).includes(level)) {
    const known = Object.values(AlertLevel).join(", ");
    throw invalid(`"${level}" is no level of an alert; known: ${known}`);
  }
  checkWords("message", message, alertWords.value);
  checkWords("source", source, 256);
}

/** @throws DashboardError `dashboard.alert_invalid` when the words are none, or too many. */
export function checkWords(field: string, words: string, most: number): void {
  if (typeof words !== "string" || words.trim() === "") {
    throw invalid(`The ${field} of an alert is missing`);
  }
  if (words.length > most) {
    throw invalid(`The ${field} has ${words.length} characters; an alert's has at most ${most}`);
  }
}

function invalid(message: string): DashboardError {
  return new DashboardError("dashboard.alert_invalid", message);
}
