// What the host and this process use becomes metrics of the tracker, every snapshotInterval.

import type { SeriesHandle, Telemetry } from "../core/index.ts";
import { memoryPercent } from "./system-probe.ts";
import type { ProbeReading } from "./system-probe.ts";

/** Writes readings as metrics without an agent. */
export class HostRecorder {
  readonly #namespace: string;
  readonly #telemetry: Telemetry;
  readonly #series = new Map<string, SeriesHandle>();

  constructor(namespace: string, telemetry: Telemetry) {
    this.#namespace = namespace;
    this.#telemetry = telemetry;
  }

  record({ system, process }: ProbeReading): void {
    // Host, named apart from what agents report of theirs: percent, runnable tasks over a minute, bytes a second.
    this.#write("system_cpu_usage", system.cpu.usagePercent);
    this.#write("system_memory_usage", memoryPercent(system));
    this.#write("system_load", system.cpu.loadAverage?.[0] ?? null);
    this.#write("system_disk_usage", system.disk?.usagePercent ?? null);
    this.#write("network_receive_rate", system.network.receiveBytesPerSecond);
    this.#write("network_transmit_rate", system.network.transmitBytesPerSecond);
    // Process: percent of one core, bytes, seconds (99th percentile over the interval).
    this.#write("process_cpu_usage", process.cpuPercent);
    this.#write("process_memory_bytes", process.residentBytes);
    this.#write("event_loop_delay", process.eventLoop?.p99DelaySeconds ?? null);
  }

  /** What could not be measured is left out. */
  #write(metric: string, value: number | null): void {
    if (value === null) return;
    let handle = this.#series.get(metric);
    if (handle === undefined) {
      handle = this.#telemetry.series({ namespace: this.#namespace, metric });
      this.#series.set(metric, handle);
    }
    handle.record(value);
  }
}
