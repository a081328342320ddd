// A notification as Alertmanager's webhook receiver would send it, format version 4, so that every
// receiver made for Alertmanager understands it.
// https://prometheus.io/docs/alerting/latest/configuration/#webhook_config

import { createHash } from "node:crypto";

import type { Alert } from "./alert.ts";
import { dashboardLimits } from "./limits.ts";
import { pageLink } from "./page-link.ts";

type Words = Readonly<Record<string, string>>;

/** One alert of a notification. */
export interface WebhookAlert {
  readonly status: "firing" | "resolved";
  readonly labels: Words;
  readonly annotations: Words;
  /** RFC 3339. */
  readonly startsAt: string;
  /** RFC 3339; Go's zero time while it fires. */
  readonly endsAt: string;
  readonly generatorURL: string;
  /** The same for the same key: receivers join firing and resolved by it. */
  readonly fingerprint: string;
}

/** A notification. */
export interface WebhookPayload {
  readonly version: "4";
  readonly groupKey: string;
  /** Alerts left out, because one notification carries a bounded number and size. */
  readonly truncatedAlerts: number;
  readonly status: "firing" | "resolved";
  readonly receiver: string;
  readonly groupLabels: Words;
  readonly commonLabels: Words;
  readonly commonAnnotations: Words;
  readonly externalURL: string;
  readonly alerts: readonly WebhookAlert[];
}

/** The receiver's name in every notification. */
export const RECEIVER = "agent-cellphone";

const ZERO_TIME = "0001-01-01T00:00:00Z";

/**
 * The notification about alerts of one rule; it shows those that fire before those that ended.
 * @param alerts all that fire and what ended, because a receiver takes a notification for the state
 *   of the whole rule. Of those at the end that find no room, there is only the number.
 * @param externalUrl where people reach the pages; empty when nobody said.
 */
export function webhookPayload(
  namespace: string,
  rule: string,
  alerts: readonly Alert[],
  externalUrl: string,
): WebhookPayload {
  const shown = alertsWithRoom(alerts, externalUrl);
  const groupLabels = { alertname: rule, namespace };
  return {
    version: "4",
    groupKey: `{}:{alertname="${rule}", namespace="${namespace}"}`,
    truncatedAlerts: alerts.length - shown.length,
    status: alerts.some((alert) => alert.state === "firing") ? "firing" : "resolved",
    receiver: RECEIVER,
    groupLabels,
    commonLabels: commonOf(shown.map((alert) => alert.labels)),
    commonAnnotations: commonOf(shown.map((alert) => alert.annotations)),
    externalURL: externalUrl,
    alerts: shown,
  };
}

function alertsWithRoom(alerts: readonly Alert[], externalUrl: string): readonly WebhookAlert[] {
  const { notificationAlerts, notificationBytes } = dashboardLimits;
  const shown: WebhookAlert[] = [];
  let bytes = 0;
  for (const alert of alerts.slice(0, notificationAlerts.value)) {
    const one = webhookAlert(alert, externalUrl);
    bytes += Buffer.byteLength(JSON.stringify(one));
    if (bytes > notificationBytes.value && shown.length > 0) break;
    shown.push(one);
  }
  return shown.sort((a, b) => Number(b.status === "firing") - Number(a.status === "firing"));
}

function webhookAlert(alert: Alert, externalUrl: string): WebhookAlert {
  return {
    status: alert.state,
    labels: {
      ...alert.labels,
      alertname: alert.rule,
      severity: alert.level,
      namespace: alert.namespace,
      source: alert.source,
    },
    annotations: annotationsOf(alert),
    startsAt: new Date(alert.startsAtMs).toISOString(),
    endsAt: alert.endsAtMs === null ? ZERO_TIME : new Date(alert.endsAtMs).toISOString(),
    generatorURL: pageLink(externalUrl, alert.namespace, `/alerts/${encodeURIComponent(alert.id)}`),
    fingerprint: fingerprintOf(alert),
  };
}

function annotationsOf(alert: Alert): Words {
  const { agentIds, value, threshold, traceId, acknowledged } = alert;
  return {
    summary: alert.message,
    alert_id: alert.id,
    count: String(alert.count),
    ...(agentIds.length === 0 ? {} : { agents: agentIds.slice(0, 10).join(", ") }),
    ...(value === null ? {} : { value: String(value) }),
    ...(threshold === null ? {} : { threshold: String(threshold) }),
    ...(traceId === null ? {} : { trace_id: traceId }),
    ...(acknowledged === null ? {} : { acknowledged_by: acknowledged.owner }),
  };
}

/** Sixteen hexadecimal digits, as Alertmanager's have. */
function fingerprintOf({ namespace, key }: Alert): string {
  return createHash("sha256")
    .update(JSON.stringify([namespace, key]))
    .digest("hex")
    .slice(0, 16);
}

/** What all have, and with the same value. */
function commonOf(all: readonly Words[]): Words {
  const [first = {}, ...others] = all;
  const common = Object.entries(first).filter(([name, value]) =>
    others.every((other) => other[name] === value),
  );
  return Object.fromEntries(common);
}
