// Alerts that somebody raises: a person, a program, an agent about itself. The same words from the
// same source at the same level are the same alert.

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
  const { level, message, source, context = {}, agentId, traceId } = request;
  const digest = createHash("sha256").update(JSON.stringify([level, source, message]));
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

function checkRequest({ level, message, source, context }: AlertRequest): void {
  const { alertWords, alertContextBytes } = dashboardLimits;
  if (!Object.values(AlertLevel).includes(level)) {
    const known = Object.values(AlertLevel).join(", ");
    throw invalid(`"${level}" is no level of an alert; known: ${known}`);
  }
  checkWords("message", message, alertWords.value);
  checkWords("source", source, 256);
  const bytes = context === undefined ? 0 : Buffer.byteLength(JSON.stringify(context));
  if (bytes > alertContextBytes.value) {
    throw invalid(`The context has ${bytes} bytes; an alert carries ${alertContextBytes.value}`);
  }
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
