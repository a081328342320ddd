// What happened, told in batches: durations by agent, service, route and outcome, and the calls
// themselves as far as there is room. Failed and slow calls have room of their own, so that a
// flood of ordinary ones never pushes out what people look for.

import type { Clock } from "../core/index.ts";

import { isNotableCall } from "./call-filter.ts";
import type { CallAggregate, CallBatch } from "./data-plane.ts";
import { dataPlaneLimits } from "./data-plane-limits.ts";
import type { CallRecord } from "./model.ts";

/** A call that ended, as the recorder counts it. */
export interface EndedCall {
  readonly namespace: string;
  readonly agentId: string | null;
  readonly serviceId: string | null;
  readonly route: string | null;
  readonly status: number;
  readonly code: string | null;
  readonly durationMs: number;
  readonly upstreamMs: number | null;
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** Made only when there is room for it. */
  toRecord(): CallRecord;
}

/** Endpoints' state, asked for when a batch leaves. */
export type EndpointReport = () => Pick<CallBatch, "inFlight" | "outcomes">;

interface Cell {
  readonly namespace: string;
  readonly agentId: string | null;
  readonly serviceId: string | null;
  readonly route: string | null;
  readonly outcome: string;
  readonly durations: number[];
  readonly upstream: number[];
  requestBytes: number;
  responseBytes: number;
}

/** How a call ended, in few words, so that series stay few. */
export function outcomeOf(status: number, code: string | null): string {
  if (status === 429 || status === 499) return String(status);
  // An answer that began well and broke off has failed, whatever its head said.
  if (code !== null && status < 400) return "5xx";
  return CLASSES[Math.floor(status / 100)] ?? "5xx";
}

const CLASSES: readonly string[] = ["5xx", "1xx", "2xx", "3xx", "4xx", "5xx"];

/** Collects ended calls and hands them on each 250 ms while something happens. */
export class CallRecorder {
  readonly #clock: Clock;
  readonly #report: EndpointReport;
  readonly #callbacks = new Set<(batch: CallBatch) => void>();
  #cells = new Map<string, Cell>();
  #lastCell: Cell | undefined;
  #calls: CallRecord[] = [];
  #ordinary = 0;
  #notable = 0;
  #omitted = 0;
  #timer: Disposable | undefined;
  /** Whether the last batch told of calls under way, so that their end must be told, too. */
  #wasBusy = false;

  constructor(clock: Clock, report: EndpointReport) {
    this.#clock = clock;
    this.#report = report;
  }

  onBatch(callback: (batch: CallBatch) => void): Disposable {
    this.#callbacks.add(callback);
    return { [Symbol.dispose]: () => void this.#callbacks.delete(callback) };
  }

  /** A call began: calls under way are told even if none ends. */
  began(): void {
    this.#schedule();
  }

  /** @param slowMs calls at least so slow are notable. */
  ended(call: EndedCall, slowMs: number): void {
    this.#count(call);
    const notable = isNotableCall(call, slowMs);
    const { batchCalls, batchNotableCalls } = dataPlaneLimits;
    const hasRoom = notable
      ? this.#notable < batchNotableCalls.value
      : this.#ordinary < batchCalls.value;
    if (!hasRoom) this.#omitted += 1;
    else {
      if (notable) this.#notable += 1;
      else this.#ordinary += 1;
      this.#calls.push(call.toRecord());
    }
    this.#schedule();
  }

  /** Hands on what there is. */
  flush(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    const { inFlight, outcomes } = this.#report();
    const isBusy = inFlight.length > 0;
    const isEmpty = this.#cells.size === 0 && outcomes.length === 0 && !isBusy;
    if (isEmpty && !this.#wasBusy) return;
    const batch: CallBatch = {
      calls: this.#calls,
      aggregates: [...this.#cells.values()].map(toAggregate),
      omitted: this.#omitted,
      inFlight,
      outcomes,
    };
    this.#cells = new Map();
    this.#lastCell = undefined;
    this.#calls = [];
    this.#ordinary = 0;
    this.#notable = 0;
    this.#omitted = 0;
    this.#wasBusy = isBusy;
    for (const callback of this.#callbacks) callback(batch);
    // Something is under way: its end, or its lasting, is told with the next batch.
    if (isBusy) this.#schedule();
  }

  close(): void {
    this.flush();
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#callbacks.clear();
  }

  #count(call: EndedCall): void {
    const cell = this.#cellOf(call);
    cell.durations.push(call.durationMs / 1000);
    if (call.upstreamMs !== null) cell.upstream.push(call.upstreamMs / 1000);
    cell.requestBytes += call.requestBytes;
    cell.responseBytes += call.responseBytes;
  }

  #cellOf(call: EndedCall): Cell {
    const { namespace, agentId, serviceId, route } = call;
    const outcome = outcomeOf(call.status, call.code);
    const last = this.#lastCell;
    // Calls of one kind come in rows; comparing costs less than making the key.
    if (
      last?.outcome === outcome &&
      last.route === route &&
      last.agentId === agentId &&
      last.serviceId === serviceId &&
      last.namespace === namespace
    ) {
      return last;
    }
    const key = `${namespace}\n${agentId ?? ""}\n${serviceId ?? ""}\n${route ?? ""}\n${outcome}`;
    const known = this.#cells.get(key);
    if (known !== undefined) {
      this.#lastCell = known;
      return known;
    }
    if (this.#cells.size >= dataPlaneLimits.batchAggregates.value && (agentId ?? route) !== null) {
      return this.#cellOf({ ...call, agentId: null, route: null });
    }
    const cell: Cell = {
      namespace,
      agentId,
      serviceId,
      route,
      outcome,
      durations: [],
      upstream: [],
      requestBytes: 0,
      responseBytes: 0,
    };
    this.#cells.set(key, cell);
    this.#lastCell = cell;
    return cell;
  }

  #schedule(): void {
    this.#timer ??= this.#clock.after(dataPlaneLimits.batchIntervalMs.value, () => {
      this.#timer = undefined;
      this.flush();
    });
  }
}

function toAggregate({ durations, upstream, ...cell }: Cell): CallAggregate {
  return {
    ...cell,
    durationsSeconds: Float64Array.from(durations),
    upstreamSeconds: Float64Array.from(upstream),
  };
}
