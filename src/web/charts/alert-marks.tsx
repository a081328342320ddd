// Alerts as vertical marks on the charts below: what went wrong stands where its traces are.

import { createContext } from "preact";
import type { ComponentChildren } from "preact";
import { useContext, useMemo } from "preact/hooks";
import { overlayAlerts } from "../model/alert-words.ts";
import { resolveRange } from "../model/time-range.ts";
import type { Alert, AlertLevel } from "../model/wire.ts";
import type { ApiQuery } from "../state/api-client.ts";
import { useApp } from "../state/app.ts";
import { useResource } from "../state/use-resource.ts";

/** An instant at which an alert was raised. */
export interface AlertMark {
  readonly atMs: number;
  readonly level: AlertLevel;
  readonly message: string;
}

const MarksContext = createContext<readonly AlertMark[]>([]);

/** More would be a curtain; the newest are drawn. */
const MARKS_MAX = 30;
const REFRESH_MS = 30_000;
const ANY = { state: "any", level: null, text: "", open: false } as const;

/** Whose alerts mark the charts. */
export interface AlertMarksProps {
  /** Narrows the alerts: `{ agentId }`, `{ source }`; all by default. */
  readonly query?: ApiQuery;
  readonly about?: (alert: Alert) => boolean;
  readonly children: ComponentChildren;
}

/** Reads the alerts of the page's time range for the charts below. */
export function AlertMarks({ query = {}, about, children }: AlertMarksProps) {
  const { api, live, range, nowMs } = useApp();
  const key = `marks ${JSON.stringify([query, range.value])} ${live.connections.value}`;
  const { data } = useResource(
    key,
    async (signal) => {
      const { fromMs, toMs } = resolveRange(range.peek(), nowMs.peek());
      const asked = { ...query, fromMs, toMs, limit: 200 };
      return (await api.get<{ alerts: Alert[] }>("/api/v1/alerts", asked, signal)).alerts;
    },
    { refreshMs: REFRESH_MS },
  );
  const changed = live.alerts.value;
  const marks = useMemo(() => {
    const { fromMs, toMs } = resolveRange(range.peek(), nowMs.peek());
    const untilMs = toMs + REFRESH_MS; // what comes before the range moves on
    const ofThese = [...changed].filter(([, alert]) => about?.(alert) !== false);
    return overlayAlerts(data ?? [], new Map(ofThese), ANY)
      .filter(({ level }) => level !== "info")
      .filter(({ startsAtMs }) => startsAtMs >= fromMs && startsAtMs <= untilMs)
      .sort((a, b) => b.startsAtMs - a.startsAtMs)
      .slice(0, MARKS_MAX)
      .map(({ startsAtMs, level, message }) => ({ atMs: startsAtMs, level, message }));
  }, [data, changed]);
  return <MarksContext.Provider value={marks}>{children}</MarksContext.Provider>;
}

/** The marks for a chart. */
export function useAlertMarks(): readonly AlertMark[] {
  return useContext(MarksContext);
}
