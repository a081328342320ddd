// The form of a benchmark and how its rounds are run and shown. A file bench/<name>.bench.ts
// exports `benchmark`; bench/run.ts finds it.

/** One way of doing the same work, measured beside the others. */
export interface Contender {
  /** What is measured, such as "prom-client, bound observe". */
  readonly name: string;
  /** The peer that others are compared with. */
  readonly peer?: boolean;
  /** A part of another contender's work, shown for scale: it is not compared with the peer. */
  readonly part?: boolean;
  /** Does `operations` operations and returns something that depends on all of them. */
  readonly run: (operations: number) => number | Promise<number>;
}

/** A row of the report: the median of the rounds. */
export interface BenchmarkRow {
  readonly benchmark: string;
  readonly group: string;
  readonly name: string;
  /** The figure and its unit, such as 92.4 "ns/op"; smaller is better unless the unit is a rate. */
  readonly value: number;
  readonly unit: string;
  readonly fastest: number;
  readonly slowest: number;
  /** How many times better than the group's peer; null for the peer itself and for parts. */
  readonly ratio: number | null;
}

/** Takes the rows of a benchmark. */
export interface BenchmarkReport {
  /** Runs contenders in alternating rounds and adds a row for each, in ns per operation. */
  compare(group: string, contenders: readonly Contender[], options: RoundOptions): Promise<void>;
  /** Adds rows measured in another way; the ratio is worked out from `peer`. */
  add(group: string, rows: readonly MeasuredRow[]): void;
  /** Says what the figures rest on: versions, set-up, what was not equal. */
  note(text: string): void;
}

/** A figure measured by the benchmark itself. */
export interface MeasuredRow {
  readonly name: string;
  /** One value per round. */
  readonly rounds: readonly number[];
  readonly unit: string;
  /** @default "lower" */
  readonly better?: "lower" | "higher";
  readonly peer?: boolean;
  /** A part of the work, shown for scale: it gets no ratio. */
  readonly part?: boolean;
}

/** How long to measure. */
export interface RoundOptions {
  readonly operations: number;
  /** @default 11 */
  readonly rounds?: number;
  /** Rounds run before, not counted. @default 3 */
  readonly warmUpRounds?: number;
}

/** A benchmark module's export. */
export interface Benchmark {
  /** The word given on the command line. */
  readonly name: string;
  readonly description: string;
  run(report: BenchmarkReport): Promise<void>;
}

/** Collects the rows and notes of one benchmark. */
export class RowReport implements BenchmarkReport {
  readonly rows: BenchmarkRow[] = [];
  readonly notes: string[] = [];
  /** Results go here, so that no work can be left out as unused. */
  blackhole = 0;
  readonly #benchmark: string;
  readonly #onRound: (text: string) => void;

  constructor(benchmark: string, onRound: (text: string) => void = () => undefined) {
    this.#benchmark = benchmark;
    this.#onRound = onRound;
  }

  async compare(
    group: string,
    contenders: readonly Contender[],
    { operations, rounds = 11, warmUpRounds = 3 }: RoundOptions,
  ): Promise<void> {
    const measured = contenders.map(() => [] as number[]);
    for (let round = -warmUpRounds; round < rounds; round++) {
      this.#onRound(`${group}: round ${round + 1} of ${rounds}`);
      // Each round begins with another contender, so that none always runs on a warmer machine.
      for (let turn = 0; turn < contenders.length; turn++) {
        const index = (turn + round + warmUpRounds) % contenders.length;
        const contender = contenders[index];
        if (contender === undefined) continue;
        const startedNs = process.hrtime.bigint();
        this.blackhole += await contender.run(operations);
        const tookNs = Number(process.hrtime.bigint() - startedNs);
        if (round >= 0) measured[index]?.push(tookNs / operations);
      }
    }
    const rows = contenders.map(({ name, peer = false, part = false }, index) => ({
      name,
      peer,
      part,
      rounds: measured[index] ?? [],
      unit: "ns/op",
    }));
    this.add(group, rows);
  }

  add(group: string, measured: readonly MeasuredRow[]): void {
    const peer = measured.find((row) => row.peer === true);
    const peerValue = peer === undefined ? undefined : median(peer.rounds);
    for (const { name, rounds, unit, better = "lower", ...row } of measured) {
      const value = median(rounds);
      const alone = row.peer === true || row.part === true || peerValue === undefined;
      const ratio = better === "lower" ? (peerValue ?? 0) / value : value / (peerValue ?? 1);
      this.rows.push({
        benchmark: this.#benchmark,
        group,
        name,
        value,
        unit,
        fastest: better === "lower" ? Math.min(...rounds) : Math.max(...rounds),
        slowest: better === "lower" ? Math.max(...rounds) : Math.min(...rounds),
        ratio: alone ? null : ratio,
      });
    }
  }

  note(text: string): void {
    this.notes.push(text);
  }
}

/** The middle value; the mean of the two middle ones when their number is even. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
