// Alerts as people read them: which first, how often, and what became of one.

import { formatAge, formatSeconds, formatValue, plural } from "./format.ts";
import { agentPath, servicePath } from "./routes.ts";
import type { Alert, AlertLevel, AlertRuleView } from "./wire.ts";

/** All levels, the worst first. */
export const ALERT_LEVELS: readonly AlertLevel[] = ["critical", "error", "warning", "info"];

/** Which alerts a page shows. */
export interface AlertFilter {
  readonly state: Alert["state"] | "any";
  readonly level: AlertLevel | null;
  readonly text: string;
  /** Only those that nobody has taken on. */
  readonly open: boolean;
}

const OTHER_STATES = ["queued", "resolved", "any"] as const;

/** An alert's state as people call it. */
export const ALERT_STATE_WORDS: Readonly<Record<Alert["state"], string>> = {
  firing: "firing",
  queued: "waits for room",
  resolved: "resolved",
};

/** Reads `?state=resolved&level=error&text=..&open=1`; firing alerts when nothing is said. */
export function parseAlertFilter(query: URLSearchParams): AlertFilter {
  return {
    state: OTHER_STATES.find((state) => state === query.get("state")) ?? "firing",
    level: ALERT_LEVELS.find((level) => level === query.get("level")) ?? null,
    text: query.get("text") ?? "",
    open: query.get("open") === "1",
  };
}

/** Whether an alert belongs on a page with this filter. */
export function matchesFilter(alert: Alert, filter: AlertFilter): boolean {
  if (filter.state !== "any" && alert.state !== filter.state) return false;
  if (filter.level !== null && alert.level !== filter.level) return false;
  if (filter.open && alert.acknowledged !== null) return false;
  return alert.message.toLowerCase().includes(filter.text.trim().toLowerCase());
}

/**
 * A list as the server answered it, with what the stream has said since: newer versions in place
 * of older ones, new alerts added, those that no longer match left out.
 */
export function overlayAlerts(
  listed: readonly Alert[],
  live: ReadonlyMap<string, Alert>,
  filter: AlertFilter,
): readonly Alert[] {
  const byId = new Map(listed.map((alert) => [alert.id, alert]));
  for (const alert of live.values()) {
    const known = byId.get(alert.id);
    if (known === undefined || known.updatedAtMs <= alert.updatedAtMs) byId.set(alert.id, alert);
  }
  return orderAlerts([...byId.values()].filter((alert) => matchesFilter(alert, filter)));
}

const ALERT_STATES: readonly Alert["state"][] = ["firing", "queued", "resolved"];

/** Firing ones first, worst first, those that nobody has taken on before others, then newest. */
export function orderAlerts(alerts: readonly Alert[]): readonly Alert[] {
  return [...alerts].sort(
    (a, b) =>
      ALERT_STATES.indexOf(a.state) - ALERT_STATES.indexOf(b.state) ||
      (a.state === "firing" ? rank(a) - rank(b) : 0) ||
      (b.endsAtMs ?? b.startsAtMs) - (a.endsAtMs ?? a.startsAtMs),
  );
}

function rank(alert: Alert): number {
  return ALERT_LEVELS.indexOf(alert.level) * 2 + (alert.acknowledged === null ? 0 : 1);
}

/** "seen 14 times"; empty for an alert that was said once. */
export function seenWords(alert: Pick<Alert, "count">): string {
  return alert.count <= 1 ? "" : `seen ${plural(alert.count, "time")}`;
}

/** One station of an alert's life. */
export interface LifeStep {
  readonly kind: "raised" | "raised-again" | "acknowledged" | "seen" | "resolved";
  readonly words: string;
  /** Null where only the number of times is known. */
  readonly atMs: number | null;
  readonly note: string;
}

/** What became of an alert, in order. */
export function lifeCycle(alert: Alert): readonly LifeStep[] {
  const steps: LifeStep[] = [
    { kind: "raised", words: "Raised", atMs: alert.startsAtMs, note: alert.rule },
  ];
  const again = alert.raised - 1;
  if (again > 0) {
    const words = `Raised again ${again === 1 ? "once" : plural(again, "time")}`;
    steps.push({
      kind: "raised-again",
      words,
      atMs: null,
      note: "because it got worse, or others are concerned",
    });
  }
  const { acknowledged: taken } = alert;
  if (taken !== null) {
    const words = `Acknowledged by ${taken.owner}`;
    steps.push({ kind: "acknowledged", words, atMs: taken.atMs, note: taken.note });
  }
  if (alert.state === "resolved" && alert.endsAtMs !== null) {
    const note = `after ${formatAge(alert.endsAtMs - alert.startsAtMs)}`;
    steps.push({ kind: "resolved", words: "Resolved", atMs: alert.endsAtMs, note });
  } else if (alert.count > 1) {
    const note = `${plural(alert.count, "time")} in all`;
    steps.push({ kind: "seen", words: "Seen last", atMs: alert.updatedAtMs, note });
  }
  return steps;
}

/** Where the source of an alert has a page, and what to call it. */
export function sourcePlace(source: string): { readonly text: string; readonly path?: string } {
  const [kind, ...rest] = source.split(":");
  const id = rest.join(":");
  if (id === "") return { text: source };
  if (kind === "agent") return { text: id, path: agentPath(id) };
  if (kind === "service") return { text: id, path: servicePath(id) };
  return { text: source };
}

/** A measured value or a threshold in its rule's unit: "62%", "5 s". */
export function thresholdWords(value: number, unit: AlertRuleView["unit"]): string {
  if (unit === "percent") return `${formatValue(value)}%`;
  if (unit === "ratio") return `${formatValue(value * 100)}%`;
  if (unit === "s") return formatSeconds(value);
  return formatValue(value);
}
