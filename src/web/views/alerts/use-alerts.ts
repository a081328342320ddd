// Alerts of a filter: read once, then kept current by the stream.

import { overlayAlerts } from "../../model/alert-words.ts";
import type { AlertFilter } from "../../model/alert-words.ts";
import type { Alert, AlertRuleView } from "../../model/wire.ts";
import { useApp } from "../../state/app.ts";
import type { ApiQuery } from "../../state/api-client.ts";
import { useResource } from "../../state/use-resource.ts";
import type { Resource } from "../../state/use-resource.ts";

/** The stream brings changes; this catches what a lost frame would hide. */
const REFRESH_MS = 30_000;

/** Alerts that match, in the order of the page; undefined until known. */
export function useAlerts(filter: AlertFilter, limit: number) {
  const { api, live } = useApp();
  const query: ApiQuery = {
    state: filter.state === "any" ? undefined : filter.state,
    level: filter.level,
    text: filter.text === "" ? undefined : filter.text,
    acknowledged: filter.open ? false : undefined,
    limit,
  };
  const resource = useResource(
    `alerts ${JSON.stringify(query)} ${live.connections.value}`,
    async (signal) => (await api.get<{ alerts: Alert[] }>("/api/v1/alerts", query, signal)).alerts,
    { refreshMs: REFRESH_MS },
  );
  const { data, error } = resource;
  const alerts = data === undefined ? undefined : overlayAlerts(data, live.alerts.value, filter);
  return { alerts, error, isFull: (data?.length ?? 0) >= limit };
}

/** Alerts of one agent or service, those that fire first; at most a handful. */
export function useAlertsAbout(query: ApiQuery, about: (alert: Alert) => boolean) {
  const { api, live } = useApp();
  const resource = useResource(
    `alerts about ${JSON.stringify(query)} ${live.connections.value}`,
    async (signal) => (await api.get<{ alerts: Alert[] }>("/api/v1/alerts", query, signal)).alerts,
    { refreshMs: REFRESH_MS },
  );
  const { data } = resource;
  if (data === undefined) return { resource, alerts: undefined };
  const ofIt = new Map([...live.alerts.value].filter(([, alert]) => about(alert)));
  const any = { state: "any", level: null, text: "", open: false } as const;
  return { resource, alerts: overlayAlerts(data, ofIt, any) };
}

const RULES_REFRESH_MS = 10_000;

/** The rules in force, with what they say now. */
export function useAlertRules(): Resource<readonly AlertRuleView[]> {
  const { api, live } = useApp();
  const firing = [...live.alerts.value.values()].filter(({ state }) => state === "firing");
  return useResource(
    `rules ${live.connections.value} ${live.alerts.value.size} ${firing.length}`,
    async (signal) => {
      const path = "/api/v1/alert-rules";
      return (await api.get<{ rules: AlertRuleView[] }>(path, {}, signal)).rules;
    },
    { refreshMs: RULES_REFRESH_MS },
  );
}
