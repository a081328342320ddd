// Every service behind the gateway: whether it answers, how it is reached, how it does.

import { useState } from "preact/hooks";
import { formatCount, formatRatio, formatSeconds } from "../../model/format.ts";
import { servicePath } from "../../model/routes.ts";
import { namespaceFlag } from "../../model/snippets.ts";
import { failedRatio, limitWords, orderServices } from "../../model/service-words.ts";
import type { EndpointView, ServiceView } from "../../model/wire.ts";
import { useApp } from "../../state/app.ts";
import { Age } from "../parts/age.tsx";
import { EmptyState } from "../parts/empty-state.tsx";
import { ServiceMark, ServiceShape } from "../parts/service-mark.tsx";
import { AddServiceDialog } from "./add-service-dialog.tsx";
import { useServices } from "./use-services.ts";

/** From this share of failed calls on, the figure is loud. */
const LOUD_RATIO = 0.05;

/** The page at /services. */
export function ServicesPage() {
  const { namespace, router } = useApp();
  const [adding, setAdding] = useState(false);
  const { services, error } = useServices();
  const rows = orderServices(services?.values() ?? []);
  return (
    <main class="page">
      <header class="page-head">
        <h1 class="page-title">Services</h1>
        <button type="button" class="button button-primary" onClick={() => setAdding(true)}>
          Add service
        </button>
      </header>
      {error === undefined ? null : <p class="problem">{error.message}</p>}
      {services === undefined ? null : rows.length === 0 ? (
        <EmptyState
          title="What agents may call, through one door."
          why="No service is registered yet. Agents call the gateway with their own key; it checks who they are, keeps limits, and puts the service's key in. To register one:"
          command={`./cellphone services add ${namespaceFlag(namespace)}search http://127.0.0.1:9000`}
        />
      ) : (
        <ServiceTable services={rows} />
      )}
      {adding ? (
        <AddServiceDialog
          onClose={() => setAdding(false)}
          onAdded={(id) => router.go(servicePath(id))}
        />
      ) : null}
    </main>
  );
}

function ServiceTable({ services }: { readonly services: readonly ServiceView[] }) {
  return (
    <div class="table-wrap">
      <table class="table service-table" data-testid="service-table">
        <thead>
          <tr>
            <th scope="col">State</th>
            <th scope="col">Service</th>
            <th scope="col" class="column-wide">
              Version
            </th>
            <th scope="col" class="column-wide">
              Public paths
            </th>
            <th scope="col">Endpoints</th>
            <th scope="col" class="number" title="In the last five minutes">
              Recent calls
            </th>
            <th
              scope="col"
              class="number"
              title="Answered 5xx or, by the service itself, 429; not answered, or cut"
            >
              Failed
            </th>
            <th scope="col" class="number">
              p95
            </th>
            <th scope="col" class="column-optional">
              Limit
            </th>
          </tr>
        </thead>
        <tbody>
          {services.map((service) => (
            <ServiceRow key={service.id} service={service} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function ServiceRow({ service }: { readonly service: ServiceView }) {
  const { router } = useApp();
  const { recent } = service;
  const failed = failedRatio(recent);
  const troubled = service.status === "degraded" || service.status === "unhealthy";
  return (
    <tr
      data-testid="service"
      data-service={service.id}
      data-status={service.status}
      class="row-link"
      onClick={(event) => {
        if (event.target instanceof Element && event.target.closest("a,button") === null) {
          router.go(servicePath(service.id));
        }
      }}
    >
      <td title={service.reason}>
        <ServiceMark status={service.status} />{" "}
        {troubled ? (
          <span class="dim">
            <Age sinceMs={service.statusSinceMs} />
          </span>
        ) : null}
      </td>
      <th scope="row">
        <a href={router.href(servicePath(service.id))}>{service.id}</a>
      </th>
      <td class="column-wide">{service.version}</td>
      <td class="mono cell-paths column-wide" title={service.publicPaths.join("\n")}>
        {service.publicPaths[0] ?? ""}
        {service.publicPaths.length > 1 ? (
          <span class="dim"> +{service.publicPaths.length - 1}</span>
        ) : null}
      </td>
      <td class="cell-wide">
        <EndpointShapes endpoints={service.endpointViews} />
      </td>
      <td class="number">{formatCount(recent.calls)}</td>
      <td class={failed !== null && failed >= LOUD_RATIO ? "number cell-failed" : "number"}>
        {failed === null ? "" : formatRatio(failed)}
      </td>
      <td class="number">{recent.p95Seconds === null ? "" : formatSeconds(recent.p95Seconds)}</td>
      <td class="column-optional">{limitWords(service.rateLimit)}</td>
    </tr>
  );
}

/** One endpoint with its address; several as shapes with the number that answer. */
function EndpointShapes({ endpoints }: { readonly endpoints: readonly EndpointView[] }) {
  const [only] = endpoints;
  if (endpoints.length === 1 && only !== undefined) {
    const words = only.status === "healthy" ? "" : `, ${only.reason}`;
    return (
      <span class="endpoint-shapes" title={`${only.baseUrl}${words}`}>
        <ServiceShape status={only.status} />
        <span class="mono">{only.baseUrl}</span>
        {only.status === "healthy" ? null : <span>{only.reason}</span>}
      </span>
    );
  }
  const answering = endpoints.filter(({ status }) => status === "healthy").length;
  const failing = endpoints.find(({ status }) => status === "unhealthy");
  const words = endpoints.map(({ baseUrl, status }) => `${baseUrl} ${status}`).join("\n");
  return (
    <span class="endpoint-shapes" title={words}>
      {endpoints.map(({ baseUrl, status }) => (
        <ServiceShape key={baseUrl} status={status} />
      ))}
      <span>
        {answering} of {endpoints.length} answer
        {failing === undefined ? "" : `; ${failing.baseUrl}: ${failing.reason}`}
      </span>
    </span>
  );
}
