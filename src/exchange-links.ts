// What happens in one component and matters to another: holds of agents stop their calls, calls
// are signs of work, costs add up, and figures that need several components are measured here.

import type {
  AgentCommunicationProtocol,
  AgentView,
  CommunicationEvent,
} from "./communication/index.ts";
import { ActivityKind } from "./core/index.ts";
import type { ComponentLog } from "./core/index.ts";
import { COST_METRIC } from "./dashboard/index.ts";
import type { OverviewSummary, PerformanceDashboard } from "./dashboard/index.ts";
import type { APIGateway } from "./gateway/index.ts";
import type { ProfileDesk } from "./profiler/index.ts";
import type { AgentLogs } from "./server/index.ts";
import type { PerformanceTracker } from "./tracker/index.ts";

/** Seconds that the oldest unclaimed message of the namespace has waited; 0 when none waits. */
const OLDEST_MAIL_METRIC = "oldest_message_age";
/** Share of agents that are not down, in percent. */
const AVAILABILITY_METRIC = "agent_availability";

/** The components that are linked. */
export interface LinkedComponents {
  readonly name: string;
  readonly communication: AgentCommunicationProtocol;
  readonly gateway: APIGateway;
  readonly tracker: PerformanceTracker;
  readonly profiles: ProfileDesk;
  readonly dashboard: PerformanceDashboard;
  readonly logs: Pick<AgentLogs, "forget">;
  readonly log: ComponentLog;
}

/** The links of one namespace, from start to stop. */
export class ExchangeLinks implements Disposable {
  readonly #components: LinkedComponents;
  readonly #subscriptions = new DisposableStack();

  constructor(components: LinkedComponents) {
    this.#components = components;
  }

  /** @param onEvent also told of everything that happens in communication. */
  async start(onEvent: (event: CommunicationEvent) => void): Promise<void> {
    const { communication, gateway, tracker, profiles, dashboard } = this.#components;
    const subscriptions = this.#subscriptions;
    for (const agent of communication.views()) await this.hold(agent);
    subscriptions.use(communication.onEvent(onEvent));
    subscriptions.use(
      communication.onEvent((event) => {
        if (event.kind !== "agent.removed") return;
        this.#settle(gateway.releaseAgent(event.agentId));
        this.#settle(profiles.agentGone(event.agentId));
        // Fleets of short-lived agents would fill all the series there may be.
        tracker.forgetAgent(event.agentId);
        this.#components.logs.forget(event.agentId);
      }),
    );
    subscriptions.use(
      gateway.addCallCallback(({ agentId }) => {
        if (agentId !== null) communication.recordActivity(agentId, ActivityKind.Output);
      }),
    );
    subscriptions.use(
      tracker.addMetricCallback((sample) => {
        if (sample.metric !== COST_METRIC || sample.agentId === null) return;
        dashboard.costs.add(sample.agentId, sample.atMs, sample.value);
      }),
    );
    subscriptions.use(this.#measureFleet());
  }

  [Symbol.dispose](): void {
    this.#subscriptions.dispose();
  }

  /** What nobody waits for must not end the process when it fails. */
  #settle(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      this.#components.log.warn("exchange.link_failed", { error });
    });
  }

  #measureFleet(): Disposable {
    const { name: namespace, tracker, dashboard } = this.#components;
    const oldestMail = tracker.series({ namespace, metric: OLDEST_MAIL_METRIC });
    return dashboard.addUpdateCallback(({ atMs, oldestMailAtMs, counts }: OverviewSummary) => {
      oldestMail.record(oldestMailAtMs === null ? 0 : Math.max(0, atMs - oldestMailAtMs) / 1000);
      if (counts.total === 0) return; // a metric without values would be listed all the same
      const availability = tracker.series({ namespace, metric: AVAILABILITY_METRIC });
      availability.record((100 * (counts.total - counts.down)) / counts.total);
    });
  }

  /** Calls of a held agent are refused and cut; quarantine weighs more than a pause. */
  async hold(agent: Pick<AgentView, "id" | "paused" | "quarantined">): Promise<void> {
    const { gateway } = this.#components;
    if (agent.quarantined !== null) await gateway.holdAgent(agent.id, "quarantined");
    else if (agent.paused !== null) await gateway.holdAgent(agent.id, "paused");
    else await gateway.releaseAgent(agent.id);
  }
}
