// Chooses the page for the address, inside the frame that all pages share.

import { useEffect } from "preact/hooks";
import type { Route } from "../model/routes.ts";
import { useApp } from "../state/app.ts";
import { useNamespaces } from "../state/use-namespaces.ts";
import { AgentPage } from "./agent/agent-page.tsx";
import { AgentsPage } from "./agent/agents-page.tsx";
import { AlertsPage } from "./alerts/alerts-page.tsx";
import { CallsPage } from "./calls/calls-page.tsx";
import { ConnectPage } from "./connect/connect-page.tsx";
import { ConversationsPage } from "./conversations/conversations-page.tsx";
import { HistoryPage } from "./history/history-page.tsx";
import { MetricsPage } from "./metrics/metrics-page.tsx";
import { OverviewPage } from "./overview/overview-page.tsx";
import { EmptyState } from "./parts/empty-state.tsx";
import { ServicePage } from "./services/service-page.tsx";
import { ServicesPage } from "./services/services-page.tsx";
import { ConnectionBanner } from "./shell/connection-banner.tsx";
import { Nav } from "./shell/nav.tsx";
import { Palette } from "./shell/palette.tsx";
import { ToastStack } from "./shell/toast-stack.tsx";
import { TopBar } from "./shell/top-bar.tsx";
import { SignInPage } from "./sign-in-page.tsx";
import { TracePage } from "./trace/trace-page.tsx";

/** The whole document. */
export function Root() {
  const app = useApp();
  const route = app.router.route.value;
  const title = titleOf(route, app.live.summary.value?.headline);
  useEffect(() => {
    document.title = title;
  }, [title]);
  if (route.page === "sign-in") return <SignInPage reason="asked" />;
  if (app.signedOut.value) return <SignInPage reason="signed-out" />;
  return <Frame route={route} />;
}

function Frame({ route }: { readonly route: Route }) {
  const { live, namespace } = useApp();
  const namespaces = useNamespaces();
  // An address with a namespace that is gone gets an answer, not a server that seems silent.
  const missing = namespace !== undefined && namespaces?.includes(namespace) === false;
  const stale = live.connection.value.state === "lost" && !missing;
  return (
    <div class={stale ? "frame frame-stale" : "frame"}>
      <Nav />
      <div class="frame-main">
        <TopBar namespaces={namespaces ?? []} />
        {missing ? (
          <NoNamespace name={namespace} />
        ) : (
          <>
            <ConnectionBanner />
            <Page route={route} />
          </>
        )}
      </div>
      <ToastStack />
      <Palette />
    </div>
  );
}

function NoNamespace({ name }: { readonly name: string }) {
  return (
    <main class="page">
      <h1 class="page-title">No namespace {name}</h1>
      <EmptyState
        title="A namespace is a fleet of its own."
        why="There is none of this name, or it was removed. This creates it:"
        command={`./cellphone namespaces create ${name}`}
      />
    </main>
  );
}

function Page({ route }: { readonly route: Route }) {
  const { router } = useApp();
  if (route.page === "overview") return <OverviewPage />;
  if (route.page === "agents") return <AgentsPage />;
  if (route.page === "agent") return <AgentPage key={route.agentId} agentId={route.agentId} />;
  if (route.page === "conversations") {
    return <ConversationsPage conversationId={route.conversationId} />;
  }
  if (route.page === "services") return <ServicesPage />;
  if (route.page === "service") {
    return <ServicePage key={route.serviceId} serviceId={route.serviceId} />;
  }
  if (route.page === "calls") return <CallsPage />;
  if (route.page === "alerts") return <AlertsPage alertId={route.alertId} />;
  if (route.page === "metrics") return <MetricsPage />;
  if (route.page === "history") return <HistoryPage />;
  if (route.page === "trace") return <TracePage key={route.traceId} traceId={route.traceId} />;
  if (route.page === "connect") return <ConnectPage />;
  return (
    <main class="page">
      <h1 class="page-title">No such page</h1>
      <EmptyState
        title="Nothing is kept at this address."
        why={<a href={router.href("/")}>Go to the overview</a>}
      />
    </main>
  );
}

const TITLES: Partial<Record<Route["page"], string>> = {
  "sign-in": "Sign in",
  agents: "Agents",
  conversations: "Conversations",
  services: "Services",
  calls: "Calls",
  alerts: "Alerts",
  metrics: "Metrics",
  history: "History",
  trace: "Trace",
};

function titleOf(route: Route, headline: string | undefined): string {
  if (route.page === "overview") return headline ?? "Agent Cellphone";
  const own =
    route.page === "agent"
      ? route.agentId
      : route.page === "service"
        ? route.serviceId
        : TITLES[route.page];
  return own === undefined ? "Agent Cellphone" : `${own} · Agent Cellphone`;
}
