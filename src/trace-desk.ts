// Gathers what one trace id ties together over all components of a namespace: the message that
// began it, the tasks, calls and spans of its work, the alerts it raised and the changes it caused.

import type {
  MessageQuery,
  MessageWithDeliveries,
  Task,
  TaskQuery,
} from "./communication/index.ts";
import type { Alert, AlertQuery } from "./dashboard/index.ts";
import type { CallQuery, CallRecord } from "./gateway/index.ts";
import type { SpanQuery, SpanRecord } from "./profiler/index.ts";
import type { AuditEntry, AuditQuery } from "./security/index.ts";
import type { TraceView } from "./server/index.ts";
import { waterfall } from "./trace-waterfall.ts";

/** Where a trace's parts are found. */
export interface TraceSources {
  readonly namespace: string;
  readonly now: () => number;
  messages(query: MessageQuery): Promise<readonly MessageWithDeliveries[]>;
  tasks(query: TaskQuery): Promise<readonly Task[]>;
  calls(query: CallQuery): Promise<readonly CallRecord[]>;
  spans(query: SpanQuery): Promise<readonly SpanRecord[]>;
  alerts(query: AlertQuery): Promise<readonly Alert[]>;
  audit(query: AuditQuery): Promise<readonly AuditEntry[]>;
}

/** Parts of one trace that are shown at most, of each sort: a page of them is read at once. */
const MOST_PARTS = 1000;

/** All that carries a trace id; undefined when nothing does. */
export async function gatherTrace(
  traceId: string,
  sources: TraceSources,
): Promise<TraceView | undefined> {
  const { namespace } = sources;
  const query = { traceId, limit: MOST_PARTS };
  const [messages, tasks, calls, spans, alerts, audit] = await Promise.all([
    sources.messages(query),
    sources.tasks(query),
    sources.calls(query),
    sources.spans(query),
    sources.alerts(query),
    sources.audit({ ...query, namespace }),
  ]);
  const bars = waterfall({ messages, tasks, calls, spans });
  const instants = [
    ...bars.map(({ fromMs }) => fromMs),
    ...alerts.map(({ startsAtMs }) => startsAtMs),
    ...audit.map(({ atMs }) => atMs),
  ];
  if (instants.length === 0) return undefined;
  const running = bars.some(({ toMs }) => toMs === null);
  const ends = bars.map(({ toMs }) => toMs ?? 0);
  return {
    traceId,
    fromMs: Math.min(...instants),
    toMs: running ? sources.now() : Math.max(...instants, ...ends),
    spans: bars,
    alerts,
    audit,
  };
}
