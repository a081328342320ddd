// What the agent does now: its task and charts on the left, its inbox, waits and log on the right.

import { AlertMarks } from "../../charts/alert-marks.tsx";
import type { AgentView } from "../../model/wire.ts";
import { AgentAside } from "./agent-aside.tsx";
import { AgentCharts } from "./agent-charts.tsx";
import { CurrentTask } from "./current-task.tsx";

/** An agent and a key that changes with its state. */
export interface NowTabProps {
  readonly agent: AgentView;
  readonly version: string;
}

/** The first tab of an agent's page. */
export function NowTab({ agent, version }: NowTabProps) {
  return (
    <div class="columns-8-4">
      <div class="column">
        <CurrentTask agent={agent} version={version} />
        <AlertMarks
          query={{ agentId: agent.id }}
          about={({ agentIds }) => agentIds.includes(agent.id)}
        >
          <AgentCharts agentId={agent.id} />
        </AlertMarks>
      </div>
      <AgentAside agent={agent} />
    </div>
  );
}
