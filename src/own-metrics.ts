// Every metric that is recorded by the components themselves. docs/metrics.md is written from
// this table, and a test holds it against what a running system records.

/** What one of these metrics is. */
export interface OwnMetric {
  readonly metric: string;
  readonly unit: string;
  /** `agent` when each agent has a series of its own, else what it is about. */
  readonly about: "agent" | "agent or server" | "service" | "namespace" | "machine" | "server";
  readonly labels: readonly string[];
  /** What one recorded value says. */
  readonly meaning: string;
}

/** All of them, by the component that records them. */
export const ownMetrics: readonly OwnMetric[] = [
  ...communicationMetrics(),
  ...trackerMetrics(),
  ...gatewayMetrics(),
  ...profilerMetrics(),
  ...dashboardMetrics(),
];

function communicationMetrics(): OwnMetric[] {
  const about = "agent";
  return [
    row("messages_sent", "1", about, [], "1 for each message or broadcast that was accepted"),
    row("messages_settled", "1", about, [], "1 for each message an agent settled"),
    row("delivery_latency", "s", about, [], "From a message's acceptance to its delivery"),
    row("response_time", "s", about, [], "From a message's delivery to its settlement as done"),
    row(
      "task_completion",
      "1",
      about,
      [],
      "1 for a task that was completed, 0 for one that failed",
    ),
    row("task_duration", "s", about, [], "From a task's start to its end"),
    row("agent_health", "1", about, [], "1 working, waiting or idle; 0.5 stuck; 0 down"),
    row("cpu_usage", "%", about, [], "CPU of the agent's process tree, of one core"),
    row("memory_usage", "bytes", about, [], "Resident memory of the agent's process tree"),
    row("oldest_message_age", "s", "namespace", [], "How long the oldest unclaimed message waits"),
    row(
      "agent_availability",
      "%",
      "namespace",
      [],
      "Share of agents, less those that ended well, that are not down",
    ),
  ];
}

function trackerMetrics(): OwnMetric[] {
  const about = "namespace";
  return [
    row("series_write_failures", "1", about, [], "Writes to series.db that failed, since before"),
    row("samples_shed", "1", about, [], "Samples that no longer fitted while it failed"),
    row(
      "series_folded",
      "1",
      about,
      [],
      "Recorded under `__other__`: too many series, since before",
    ),
  ];
}

function gatewayMetrics(): OwnMetric[] {
  const each = ["service", "route", "outcome"];
  return [
    row("gateway_request_duration", "s", "agent", ["service", "outcome"], "One call of an agent"),
    row("gateway_service_duration", "s", "service", each, "One call, from arrival to its end"),
    row("gateway_upstream_duration", "s", "service", each, "Until the upstream's answer began"),
    row("gateway_requests", "1", "service", each, "Calls since the value before"),
    row(
      "gateway_rate_limited",
      "1",
      "service",
      ["service"],
      "Calls that a limit of the gateway refused",
    ),
    row("gateway_request_bytes", "bytes", "service", ["service"], "Bytes of requests' bodies"),
    row("gateway_response_bytes", "bytes", "service", ["service"], "Bytes of answers' bodies"),
    row(
      "service_availability",
      "1",
      "service",
      ["service"],
      "Each round of health checks: 1 when an endpoint answers, 0 when none does",
    ),
  ];
}

function profilerMetrics(): OwnMetric[] {
  return [
    row("profile_duration", "s", "agent or server", ["name"], "One profiled function or scope"),
    row(
      "profile_errors",
      "1",
      "agent or server",
      ["name"],
      "Of them, those that failed since the value before",
    ),
    row("system_cpu_usage", "%", "machine", [], "CPU in use, of all cores"),
    row("system_memory_usage", "%", "machine", [], "Memory in use"),
    row("system_load", "1", "machine", [], "Load average of the last minute"),
    row("system_disk_usage", "%", "machine", [], "Disk in use, where the data folder is"),
    row("network_receive_rate", "bytes/s", "machine", [], "Received on all interfaces"),
    row("network_transmit_rate", "bytes/s", "machine", [], "Sent on all interfaces"),
    row("process_cpu_usage", "%", "server", [], "CPU of the server's process, of one core"),
    row("process_memory_bytes", "bytes", "server", [], "Resident memory of the server's process"),
    row("event_loop_delay", "s", "server", [], "How late the server's main thread ran, p99"),
  ];
}

function dashboardMetrics(): OwnMetric[] {
  return [
    row("system_health_score", "points", "namespace", [], "Health from 0 to 100"),
    row("alerts_raised", "1", "namespace", ["level", "rule"], "1 for each alert that was raised"),
    row("alerts_firing", "1", "namespace", ["level"], "Alerts that fire now"),
    row("notifications_sent", "1", "namespace", [], "1 for each notification that was delivered"),
    row("notifications_failed", "1", "namespace", [], "1 for each that was given up"),
  ];
}

function row(
  metric: string,
  unit: string,
  about: OwnMetric["about"],
  labels: readonly string[],
  meaning: string,
): OwnMetric {
  return { metric, unit, about, labels, meaning };
}
