// The shapes of what host, process and network use. Bytes are bytes, percentages 0 to 100, rates
// bytes a second; null is what could not be measured, never a guess.

/** The machine the program runs on. */
export interface SystemMetrics {
  readonly atMs: number;
  readonly hostname: string;
  /** As `process.platform` names it: `linux`, `darwin`, `win32`. */
  readonly platform: string;
  readonly uptimeSeconds: number;
  readonly cpu: CpuMetrics;
  readonly memory: MemoryMetrics;
  /** Limits of the container or control group around this process; null without any. */
  readonly container: ContainerMetrics | null;
  /** The file system of the watched folder. */
  readonly disk: DiskMetrics | null;
  /** Over all interfaces but loopback. */
  readonly network: NetworkRates;
}

/** CPU of the whole machine since the reading before. */
export interface CpuMetrics {
  readonly cores: number;
  /** Over all cores: time not spent idle or waiting for a disk. */
  readonly usagePercent: number | null;
  readonly userPercent: number | null;
  readonly systemPercent: number | null;
  /** Waiting for disks; null outside Linux. */
  readonly waitPercent: number | null;
  readonly perCorePercent: readonly number[];
  /** Over 1, 5 and 15 minutes; null on Windows, which has none. */
  readonly loadAverage: readonly [number, number, number] | null;
}

/** Memory of the whole machine. */
export interface MemoryMetrics {
  readonly totalBytes: number;
  /** Total without what is available. */
  readonly usedBytes: number;
  /** What programs can still get without swapping, reclaimable caches included. */
  readonly availableBytes: number;
  readonly usagePercent: number;
  readonly swapTotalBytes: number;
  readonly swapUsedBytes: number;
}

/** What a Linux control group allows and uses. */
export interface ContainerMetrics {
  readonly memoryLimitBytes: number | null;
  /** Without inactive page cache, which the kernel takes back first. */
  readonly memoryUsedBytes: number | null;
  readonly memoryUsagePercent: number | null;
  /** Such as 1.5; null when CPU is not limited. */
  readonly cpuLimitCores: number | null;
}

/** One file system. */
export interface DiskMetrics {
  readonly path: string;
  readonly totalBytes: number;
  readonly usedBytes: number;
  /** For programs without special rights. */
  readonly availableBytes: number;
  /** Used, of used and available together: what `df` shows. */
  readonly usagePercent: number;
}

/** Bytes a second since the reading before. */
export interface NetworkRates {
  readonly receiveBytesPerSecond: number | null;
  readonly transmitBytesPerSecond: number | null;
}

/** One network interface; counters run since it came up. */
export interface NetworkInterfaceMetrics extends NetworkRates {
  readonly name: string;
  readonly loopback: boolean;
  readonly receivedBytes: number;
  readonly transmittedBytes: number;
  readonly receiveErrors: number;
  readonly transmitErrors: number;
  readonly receiveDropped: number;
  readonly transmitDropped: number;
}

/** The interfaces this process can see. */
export interface NetworkMetrics {
  readonly atMs: number;
  /** What the rates are over; null without any. */
  readonly intervalMs: number | null;
  readonly interfaces: readonly NetworkInterfaceMetrics[];
  /** Over all interfaces but loopback. */
  readonly total: NetworkRates & {
    readonly receivedBytes: number;
    readonly transmittedBytes: number;
  };
}

/** One process. */
export interface ProcessMetrics {
  readonly atMs: number;
  readonly pid: number;
  readonly name: string;
  readonly uptimeSeconds: number;
  /** Since the reading before; 100 is one core. */
  readonly cpuPercent: number | null;
  readonly cpuUserSeconds: number;
  readonly cpuSystemSeconds: number;
  readonly residentBytes: number;
  /** Null where the system does not tell. */
  readonly virtualBytes: number | null;
  readonly threads: number | null;
  readonly openFiles: number | null;
  /** JavaScript's memory; null for other processes. */
  readonly heap: {
    readonly usedBytes: number;
    readonly totalBytes: number;
    readonly externalBytes: number;
  } | null;
  /** How late timers are; null for other processes and while nothing is watched. */
  readonly eventLoop: EventLoopMetrics | null;
}

/** Lateness of the event loop's timers since the reading before, in seconds. */
export interface EventLoopMetrics {
  readonly meanDelaySeconds: number;
  readonly p99DelaySeconds: number;
  readonly maxDelaySeconds: number;
  /** Part of the time it was busy, 0 to 1. */
  readonly utilization: number;
}
