// The biggest thing on the page: how many agents need a person; beside it the counts.

import { useEffect, useRef, useState } from "preact/hooks";
import { formatCount, formatRatio, formatUsd } from "../../model/format.ts";
import type { HealthScore, OverviewSummary, ServiceCounts } from "../../model/wire.ts";
import { countShownStates } from "../../model/agent-state.ts";
import type { ShownState } from "../../model/agent-state.ts";
import { useApp } from "../../state/app.ts";
import { ServiceShape } from "../parts/service-mark.tsx";
import { StateShape } from "../parts/state-mark.tsx";

/** Headline and counts. */
export function Headline({ summary }: { readonly summary: OverviewSummary }) {
  const { live } = useApp();
  // Counted from the tiles, so that the figures and the shapes below them always agree.
  const counts = countShownStates(live.agents.value?.values() ?? []);
  const shown = ["working", "waiting", "stuck", "down"] as const;
  return (
    <section class="headline-row" aria-label="Summary">
      <h1 class="headline" data-testid="headline" aria-live="polite">
        {summary.headline}
      </h1>
      <div class="figures">
        {shown.map((state) => (
          <Count key={state} state={state} count={counts[state]} />
        ))}
        {(["paused", "quarantined"] as const).map((state) =>
          counts[state] > 0 ? <Count key={state} state={state} count={counts[state]} /> : null,
        )}
        <ServiceFigure services={summary.services} />
        <span class="figures-gap" aria-hidden="true" />
        {summary.costPerHourUsd === null ? null : (
          <Figure value={formatUsd(summary.costPerHourUsd)} label="per hour" />
        )}
        {summary.errorRatio === null ? null : (
          <Figure value={formatRatio(summary.errorRatio)} label="failed, 5 min" />
        )}
        <Health health={summary.health} />
      </div>
    </section>
  );
}

function Count({ state, count }: { readonly state: ShownState; readonly count: number }) {
  const loud = count > 0 && (state === "stuck" || state === "down");
  return (
    <div class={`figure${loud ? ` state-${state}` : ""}`} data-testid={`count-${state}`}>
      <span class="figure-value">{formatCount(count)}</span>
      <span class="figure-label">
        <StateShape state={state} />
        {state}
      </span>
    </div>
  );
}

/** How many services answer, of how many; nothing where there is no service. */
function ServiceFigure({ services }: { readonly services: ServiceCounts }) {
  const { router } = useApp();
  if (services.total === 0) return null;
  const worst =
    services.unhealthy > 0 ? "unhealthy" : services.degraded > 0 ? "degraded" : "healthy";
  const known = services.total - services.unknown;
  return (
    <a
      class={`figure figure-button service-${worst}`}
      href={router.href("/services")}
      data-testid="count-services"
    >
      <span class="figure-value">
        {formatCount(services.healthy)}
        <span class="figure-of"> of {formatCount(services.total)}</span>
      </span>
      <span class="figure-label">
        <ServiceShape status={known === 0 ? "unknown" : worst} />
        services
      </span>
    </a>
  );
}

function Figure({ value, label }: { readonly value: string; readonly label: string }) {
  return (
    <div class="figure">
      <span class="figure-value">{value}</span>
      <span class="figure-label">{label}</span>
    </div>
  );
}

function Health({ health }: { readonly health: HealthScore }) {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open) return undefined;
    const close = (event: Event): void => {
      const inside = event.target instanceof Node && box.current?.contains(event.target) === true;
      if (event instanceof KeyboardEvent ? event.key === "Escape" : !inside) setOpen(false);
    };
    addEventListener("pointerdown", close);
    addEventListener("keydown", close);
    return () => {
      removeEventListener("pointerdown", close);
      removeEventListener("keydown", close);
    };
  }, [open]);
  return (
    <div class="health" ref={box}>
      <button
        type="button"
        class="figure figure-button"
        aria-expanded={open}
        aria-controls="health-lost"
        data-testid="health"
        onClick={() => setOpen(!open)}
      >
        <span class="figure-value">{health.score}</span>
        <span class="figure-label">health</span>
      </button>
      {open ? <LostPointsList health={health} onShow={() => setOpen(false)} /> : null}
    </div>
  );
}

interface LostPointsListProps {
  readonly health: HealthScore;
  readonly onShow: () => void;
}

function LostPointsList({ health, onShow }: LostPointsListProps) {
  const { live } = useApp();
  const causes = live.summary.value?.causes ?? [];
  return (
    <div id="health-lost" class="popover health-popover" role="dialog" aria-label="Lost points">
      <p class="popover-title">
        Health {health.score} of 100{health.lost.length === 0 ? "" : ", lost to"}
      </p>
      {health.lost.length === 0 ? <p class="popover-text">No points are lost.</p> : null}
      <ul class="lost-points">
        {health.lost.map((lost) => (
          <li key={lost.reason}>
            <span class="lost-number">−{lost.points}</span>
            <span>{lost.reason}</span>
            {causes.some((cause) => cause.id === lost.causeId) ? (
              <a href={`#cause-${lost.causeId}`} class="link" onClick={onShow}>
                Show
              </a>
            ) : null}
          </li>
        ))}
      </ul>
    </div>
  );
}
