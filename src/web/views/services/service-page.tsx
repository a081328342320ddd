// One service: in words how it is, its endpoints with their reasons, its calls, its limits.

import { useState } from "preact/hooks";
import { AlertMarks } from "../../charts/alert-marks.tsx";
import { ChartGroup } from "../../charts/chart-group.tsx";
import { capital } from "../../model/agent-words.ts";
import { formatAge, formatCount, formatRatio, formatSeconds } from "../../model/format.ts";
import { failedRatio } from "../../model/service-words.ts";
import type { EndpointView, ServiceView } from "../../model/wire.ts";
import { useApp } from "../../state/app.ts";
import { AlertsPanel } from "../alerts/alerts-panel.tsx";
import { RecentCalls } from "../calls/recent-calls.tsx";
import { Age } from "../parts/age.tsx";
import { ConfirmButton } from "../parts/confirm-button.tsx";
import { EmptyState } from "../parts/empty-state.tsx";
import { ServiceMark, ServiceShape } from "../parts/service-mark.tsx";
import { RateLimitEditor } from "./rate-limit-editor.tsx";
import { OutcomeChart, ServiceTimeChart } from "./service-charts.tsx";
import { useServices } from "./use-services.ts";

/** The page at /services/:id. */
export function ServicePage({ serviceId }: { readonly serviceId: string }) {
  const { router } = useApp();
  const { services, error } = useServices();
  const service = services?.get(serviceId);
  if (service === undefined) {
    return (
      <main class="page" aria-busy={services === undefined}>
        <h1 class="page-title">{serviceId}</h1>
        {error === undefined ? null : <p class="problem">{error.message}</p>}
        {services === undefined ? null : (
          <EmptyState
            title="No service of this id is registered."
            why={<a href={router.href("/services")}>See all services</a>}
          />
        )}
      </main>
    );
  }
  return (
    <main class="page">
      <ServiceHeader service={service} />
      <div class="columns-8-4">
        <div class="column">
          <Endpoints service={service} />
          <AlertMarks
            query={{ source: `service:${service.id}` }}
            about={(alert) => alert.source === `service:${service.id}`}
          >
            <ChartGroup class="charts-2">
              <OutcomeChart serviceId={service.id} />
              <ServiceTimeChart serviceId={service.id} />
            </ChartGroup>
          </AlertMarks>
          <RecentCalls filter={{ service: service.id }} hide="service" />
        </div>
        <aside class="column">
          <RateLimitEditor service={service} />
          <RoutingPanel service={service} />
          <AlertsPanel
            query={{ source: `service:${service.id}`, limit: 5 }}
            about={(alert) => alert.source === `service:${service.id}`}
            none="No alert is about this service."
          />
        </aside>
      </div>
    </main>
  );
}

function ServiceHeader({ service }: { readonly service: ServiceView }) {
  const { api, live, router, toasts, nowMs } = useApp();
  const [checking, setChecking] = useState(false);
  const path = `/api/v1/services/${encodeURIComponent(service.id)}`;
  const reporting = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      toasts.show({ text, tone: "error" });
    }
  };
  const check = (): Promise<void> =>
    reporting(async () => {
      setChecking(true);
      try {
        const checked = await api.post<ServiceView>(`${path}/check`);
        live.apply({ kind: "services", services: [checked], removed: [] });
        toasts.show({
          text: `${checked.id} is ${checked.status}: ${checked.reason}`,
          tone: "info",
        });
      } finally {
        setChecking(false);
      }
    });
  const remove = (): Promise<void> =>
    reporting(async () => {
      await api.delete<null>(path);
      live.apply({ kind: "services", services: [], removed: [service.id] });
      toasts.show({ text: `Removed ${service.id}. Calls to it are answered 404.`, tone: "info" });
      router.go("/services");
    });
  const age = formatAge(nowMs.value - service.statusSinceMs);
  return (
    <header class="agent-header">
      <div class="agent-id">
        <h1 class="page-title">{service.id}</h1>
        <p class={`agent-words service-${service.status}`} data-testid="service-words">
          <ServiceShape status={service.status} />
          <strong>
            {capital(service.status)} {age}
          </strong>
          <span class="agent-reason">{service.reason}</span>
        </p>
        <ServiceFacts service={service} />
      </div>
      <div class="agent-verbs">
        <button type="button" class="button" disabled={checking} onClick={() => void check()}>
          {checking ? "Checking" : "Check now"}
        </button>
        <ConfirmButton label="Remove" question="Remove it?" onConfirm={() => void remove()} />
      </div>
    </header>
  );
}

function ServiceFacts({ service }: { readonly service: ServiceView }) {
  const { recent } = service;
  const failed = failedRatio(recent);
  const facts: readonly (readonly [string, string | null])[] = [
    ["name", service.name === service.id ? null : service.name],
    ["version", service.version],
    ["recent calls", formatCount(recent.calls)],
    ["failed", failed === null ? null : formatRatio(failed)],
    ["p50", recent.p50Seconds === null ? null : formatSeconds(recent.p50Seconds)],
    ["p95", recent.p95Seconds === null ? null : formatSeconds(recent.p95Seconds)],
    ["now", recent.inFlight === 0 ? null : `${formatCount(recent.inFlight)} under way`],
  ];
  return (
    <dl class="inline-facts">
      {facts.map(([label, value]) =>
        value === null ? null : (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ),
      )}
    </dl>
  );
}

function Endpoints({ service }: { readonly service: ServiceView }) {
  const weights = new Set(service.endpointViews.map(({ weight }) => weight));
  return (
    <section class="panel" aria-label="Endpoints">
      <h2 class="panel-title">Endpoints</h2>
      <table class="table table-plain endpoint-table">
        <tbody>
          {service.endpointViews.map((endpoint) => (
            <EndpointRow key={endpoint.baseUrl} endpoint={endpoint} showWeight={weights.size > 1} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

interface EndpointRowProps {
  readonly endpoint: EndpointView;
  readonly showWeight: boolean;
}

function EndpointRow({ endpoint, showWeight }: EndpointRowProps) {
  const { checkedAtMs, checkMs } = endpoint;
  return (
    <tr data-testid="endpoint">
      <td class="endpoint-state">
        <ServiceMark status={endpoint.status} />
      </td>
      <td class="mono" title={endpoint.baseUrl}>
        {endpoint.baseUrl}
        {showWeight ? <span class="dim"> weight {endpoint.weight}</span> : null}
      </td>
      <td title={endpoint.reason}>{endpoint.reason}</td>
      <td class="endpoint-checked dim">
        {checkedAtMs === null ? (
          "not checked"
        ) : (
          <>
            checked <Age sinceMs={checkedAtMs} /> ago
            {checkMs === null ? "" : `, ${formatSeconds(checkMs / 1000)}`}
          </>
        )}
      </td>
    </tr>
  );
}

function RoutingPanel({ service }: { readonly service: ServiceView }) {
  const { credential } = service;
  const strips = { version: "the version", prefix: "the whole prefix", none: "nothing" } as const;
  return (
    <section class="panel" aria-label="Routing">
      <h2 class="panel-title">Routing</h2>
      <dl class="facts">
        <dt>public</dt>
        <dd>
          {service.publicPaths.map((path) => (
            <div key={path} class="mono">
              {path}
            </div>
          ))}
        </dd>
        <dt>takes away</dt>
        <dd>{strips[service.rewrite]}</dd>
        <dt>health check</dt>
        <dd class="mono">{service.healthCheckUrl ?? "none"}</dd>
        <dt>timeout</dt>
        <dd>
          {service.requestTimeoutMs === null
            ? "the gateway's"
            : formatSeconds(service.requestTimeoutMs / 1000)}
        </dd>
        <dt>retries</dt>
        <dd>{service.retries}</dd>
        <dt>credential</dt>
        <dd class="mono">
          {credential === null ? "none" : `${credential.header}: ${credential.value}`}
        </dd>
        <dt>registered</dt>
        <dd>
          <Age sinceMs={service.registeredAtMs} /> ago
        </dd>
      </dl>
    </section>
  );
}
