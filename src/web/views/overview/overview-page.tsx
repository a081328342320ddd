// The first page: which agent needs you, what happened, who is there, and how it goes.

import { useApp } from "../../state/app.ts";
import { ConnectSteps } from "../connect/connect-steps.tsx";
import { EventsPanel } from "./events-panel.tsx";
import { Fleet } from "./fleet.tsx";
import { Headline } from "./headline.tsx";
import { NeedsYou } from "./needs-you.tsx";
import { OverviewCharts } from "./overview-charts.tsx";
import { ServiceStrip } from "./service-strip.tsx";

/** The Overview; as long as there is no agent, how to connect one. */
export function OverviewPage() {
  const { live } = useApp();
  const agents = live.agents.value;
  const summary = live.summary.value;
  if (agents === null || summary === null) {
    return (
      <main class="page" aria-busy="true">
        <h1 class="headline">Reading the fleet</h1>
      </main>
    );
  }
  if (agents.size === 0) {
    return (
      <main class="page page-narrow">
        <h1 class="headline">Connect your first agent</h1>
        <p class="lead">
          No agent has joined yet. This page turns into the overview when one does.
        </p>
        <ConnectSteps />
      </main>
    );
  }
  return (
    <main class="page">
      <Headline summary={summary} />
      <div class="overview-top">
        <NeedsYou causes={summary.causes} />
        <EventsPanel />
      </div>
      <Fleet agents={agents} />
      {summary.services.total > 0 ? <ServiceStrip /> : null}
      <OverviewCharts />
    </main>
  );
}
