// What a dashboard makes of the parts it was given where others are missing.

import { noTelemetry } from "../core/index.ts";
import type { Telemetry } from "../core/index.ts";

import { CommunicationFleetSource } from "./communication-fleet-source.ts";
import type { DashboardDependencies } from "./dashboard-dependencies.ts";
import { fleetOfNone } from "./fleet-of-none.ts";
import type { FleetSource } from "./ports.ts";

/** The agents to watch: those given, those of the agent manager, or none. */
export function fleetOf({ fleet, agentManager }: DashboardDependencies): FleetSource {
  if (fleet !== undefined) return fleet;
  return agentManager === undefined ? fleetOfNone : new CommunicationFleetSource(agentManager);
}

/** Where to measure: as given, or in the tracker beside it when that serves the same namespace. */
export function telemetryBeside(dependencies: DashboardDependencies): Telemetry {
  const { telemetry, performanceTracker, namespace } = dependencies;
  if (telemetry !== undefined) return telemetry;
  const isSame =
    performanceTracker !== undefined &&
    (namespace === undefined || namespace === performanceTracker.namespace);
  return isSame ? performanceTracker.telemetry : noTelemetry;
}
