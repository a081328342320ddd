// The texts of Linux' /proc, read into numbers. Pure, so that every odd line can be tested.
// Formats: proc(5), and Documentation/filesystems/proc.rst of the kernel.

/** Time of one core, or of all, since boot; in clock ticks or milliseconds, only ratios count. */
export interface CpuTimes {
  readonly user: number;
  readonly system: number;
  /** Waiting for disks. */
  readonly wait: number;
  readonly total: number;
  /** Not idle, not waiting. */
  readonly busy: number;
}

/** Counters of one network interface since it came up. */
export interface InterfaceCounters {
  readonly name: string;
  readonly loopback: boolean;
  readonly receivedBytes: number;
  readonly receiveErrors: number;
  readonly receiveDropped: number;
  readonly transmittedBytes: number;
  readonly transmitErrors: number;
  readonly transmitDropped: number;
}

/** What /proc/<pid>/stat tells of a process. */
export interface ProcessStat {
  readonly name: string;
  readonly userTicks: number;
  readonly systemTicks: number;
  readonly threads: number;
  /** Since boot. */
  readonly startTicks: number;
  readonly virtualBytes: number;
  readonly residentPages: number;
}

/** The `cpu` lines of /proc/stat: all cores together, then each. */
export function parseCpuTimes(text: string): { all: CpuTimes | null; cores: CpuTimes[] } {
  let all: CpuTimes | null = null;
  const cores: CpuTimes[] = [];
  for (const line of text.split("\n")) {
    const match = /^cpu(\d*)\s+(.+)$/.exec(line);
    if (match === null) continue;
    const fields = (match[2] ?? "").trim().split(/\s+/).map(Number);
    const [user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, softIrq = 0] = fields;
    // Steal is time the hypervisor gave to others. Guest time is already in user and nice.
    const steal = fields[7] ?? 0;
    const busy = user + nice + system + irq + softIrq + steal;
    const times = {
      user: user + nice,
      system: system + irq + softIrq,
      wait,
      total: busy + idle + wait,
      busy,
    };
    if (match[1] === "") all = times;
    else cores.push(times);
  }
  return { all, cores };
}

/** /proc/net/dev: the interfaces of this process's network namespace. */
export function parseInterfaces(text: string): InterfaceCounters[] {
  const found: InterfaceCounters[] = [];
  for (const line of text.split("\n").slice(2)) {
    // A name may hold a colon (an alias such as eth0:1), the counters never do.
    const colon = line.lastIndexOf(":");
    if (colon === -1) continue;
    const name = line.slice(0, colon).trim();
    const fields = line
      .slice(colon + 1)
      .trim()
      .split(/\s+/)
      .map(Number);
    if (fields.length < 12 || fields.some((field) => !Number.isFinite(field))) continue;
    const [receivedBytes = 0, , receiveErrors = 0, receiveDropped = 0] = fields;
    const [transmittedBytes = 0, , transmitErrors = 0, transmitDropped = 0] = fields.slice(8);
    found.push({
      name,
      loopback: name === "lo",
      receivedBytes,
      receiveErrors,
      receiveDropped,
      transmittedBytes,
      transmitErrors,
      transmitDropped,
    });
  }
  return found;
}

/** /proc/<pid>/stat; undefined when it is none. */
export function parseProcessStat(text: string): ProcessStat | undefined {
  // The name stands in parentheses and may itself hold spaces and parentheses.
  const open = text.indexOf("(");
  const close = text.lastIndexOf(")");
  if (open === -1 || close < open) return undefined;
  const fields = text
    .slice(close + 1)
    .trim()
    .split(/\s+/)
    .map(Number);
  // Field 3 of proc(5), the state, is fields[0].
  const at = (number: number): number => fields[number - 3] ?? Number.NaN;
  const stat = {
    name: text.slice(open + 1, close),
    userTicks: at(14),
    systemTicks: at(15),
    threads: at(20),
    startTicks: at(22),
    virtualBytes: at(23),
    residentPages: at(24),
  };
  return Number.isFinite(stat.residentPages) ? stat : undefined;
}
