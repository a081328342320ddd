// The services behind the gateway, one chip each: how it is, and how long its calls take.

import { formatRatio, formatSeconds } from "../../model/format.ts";
import { servicePath } from "../../model/routes.ts";
import { failedRatio, orderServices } from "../../model/service-words.ts";
import type { ServiceView } from "../../model/wire.ts";
import { useApp } from "../../state/app.ts";
import { ServiceShape } from "../parts/service-mark.tsx";
import { useServices } from "../services/use-services.ts";

/** Chips shown; the page of services has all. */
const SHOWN = 16;

/** One line between the fleet and the charts. */
export function ServiceStrip() {
  const { router } = useApp();
  const { services } = useServices();
  const ordered = orderServices(services?.values() ?? []);
  if (ordered.length === 0) return null;
  return (
    <section aria-labelledby="services-title" data-testid="service-strip">
      <header class="section-head">
        <h2 id="services-title" class="section-title">
          Services
        </h2>
      </header>
      <ul class="service-strip">
        {ordered.slice(0, SHOWN).map((service) => (
          <li key={service.id}>
            <ServiceChip service={service} />
          </li>
        ))}
        {ordered.length > SHOWN ? (
          <li>
            <a class="service-chip" href={router.href("/services")}>
              and {ordered.length - SHOWN} more
            </a>
          </li>
        ) : null}
      </ul>
    </section>
  );
}

function ServiceChip({ service }: { readonly service: ServiceView }) {
  const { router } = useApp();
  const { recent, status } = service;
  const failed = failedRatio(recent);
  const p95 = recent.p95Seconds === null ? "no calls" : `p95 ${formatSeconds(recent.p95Seconds)}`;
  const words = failed !== null && failed > 0 ? `${formatRatio(failed)} failed` : p95;
  return (
    <a
      class={`service-chip service-chip-${status}`}
      href={router.href(servicePath(service.id))}
      title={`${service.id} is ${status}: ${service.reason}`}
    >
      <ServiceShape status={status} />
      <span class="service-chip-name">{service.id}</span>
      <span class={`service-chip-note service-${status}`}>
        {status === "healthy" ? words : status}
      </span>
    </a>
  );
}
