// What the threads can do, as tables of plain functions: `writes` share a commit with whatever
// arrives beside them, `jobs` run in steps between commits, `reads` run in a reader thread. The
// clients' types are derived from these.

import type { CommunicationRecord, PruneResult } from "../../communication/index.ts";
import type { FeedEvent } from "../../dashboard/index.ts";
import type { AuditEntry, Credential, NamespaceRecord } from "../../security/index.ts";
import type { PerformanceSnapshot, Retention } from "../../tracker/index.ts";
import { deleteCommunication, pruneCommunication } from "./communication-maintenance.ts";
import type { Steps } from "./communication-maintenance.ts";
import { CommunicationReader } from "./communication-reader.ts";
import { CommunicationWriter } from "./communication-writer.ts";
import { Counters } from "./counters.ts";
import type { Database } from "./database.ts";
import { FeedTables } from "./feed-store.ts";
import { SecurityTables } from "./security-store.ts";
import { SeriesReader } from "./series-reader.ts";
import { SeriesWriter } from "./series-writer.ts";
import type { SeriesBatch } from "./series-writer.ts";

/** The writing side of a thread. */
export interface WriterMethods {
  readonly writes: Methods;
  readonly jobs: Readonly<Record<string, (...parameters: never[]) => Steps<unknown>>>;
  /** Called before every commit. */
  readonly beforeCommit: () => void;
  /** Called after every rollback. */
  readonly afterRollback: () => void;
}

/** Functions by name. */
export type Methods = Readonly<Record<string, (...parameters: never[]) => unknown>>;

/** What the ledger thread does. */
export function ledgerWriter(database: Database) {
  const counters = new Counters(database);
  const communication = new CommunicationWriter(database, counters);
  const security = new SecurityTables(database);
  const feed = new FeedTables(database, counters);
  return {
    writes: {
      append: (namespace: string, records: readonly CommunicationRecord[]): void =>
        communication.append(namespace, records),
      appendEvents: (namespace: string, events: readonly FeedEvent[]): void =>
        feed.append(namespace, events),
      appendAudit: (entries: readonly AuditEntry[]): void => security.appendAudit(entries),
      putCredential: (credential: Credential): void => security.putCredential(credential),
      putNamespace: (record: NamespaceRecord): void => security.putNamespace(record),
    },
    jobs: {
      prune: (namespace: string, keep: number): Steps<PruneResult> =>
        pruneCommunication(database, namespace, keep),
      pruneSecurity: (beforeMs: number): Steps<undefined> => security.prune(beforeMs),
      *deleteNamespace(namespace: string): Steps<undefined> {
        yield* deleteCommunication(database, namespace);
        yield* feed.delete(namespace);
        yield* security.delete(namespace);
        return undefined;
      },
    },
    beforeCommit: (): void => counters.flush(),
    afterRollback: (): void => counters.discard(),
  } satisfies WriterMethods;
}

/** What a reader thread does over ledger.db. */
export function ledgerReader(database: Database) {
  const communication = new CommunicationReader(database);
  const security = new SecurityTables(database);
  const feed = new FeedTables(database, new Counters(database));
  type Query<Method extends keyof CommunicationReader> = Parameters<CommunicationReader[Method]>[1];
  return {
    load: (namespace: string) => communication.load(namespace),
    messages: (namespace: string, query: Query<"messages">) =>
      communication.messages(namespace, query),
    message: (namespace: string, id: string) => communication.message(namespace, id),
    delivery: (namespace: string, id: string) => communication.delivery(namespace, id),
    conversations: (namespace: string, query: Query<"conversations">) =>
      communication.conversations(namespace, query),
    tasks: (namespace: string, query: Query<"tasks">) => communication.tasks(namespace, query),
    task: (namespace: string, id: string) => communication.task(namespace, id),
    states: (namespace: string, query: Query<"states">) => communication.states(namespace, query),
    credentials: () => security.credentials(),
    audit: (query: Parameters<SecurityTables["audit"]>[0]) => security.audit(query),
    namespaces: () => security.namespaces(),
    events: (namespace: string, query: Parameters<FeedTables["events"]>[1]) =>
      feed.events(namespace, query),
    lastEventId: () => feed.lastEventId(),
  } satisfies Methods;
}

/** What the series thread does. */
export function seriesWriter(database: Database) {
  const series = new SeriesWriter(database);
  return {
    writes: {
      append: (namespace: string, batch: SeriesBatch): void => series.append(namespace, batch),
      appendSnapshot: (namespace: string, snapshot: PerformanceSnapshot): void =>
        series.appendSnapshot(namespace, snapshot),
    },
    jobs: {
      prune: (namespace: string, retention: Retention) => series.prune(namespace, retention),
      deleteNamespace: (namespace: string) => series.delete(namespace),
    },
    beforeCommit: (): void => undefined,
    afterRollback: (): void => undefined,
  } satisfies WriterMethods;
}

/** What a reader thread does over series.db. */
export function seriesReader(database: Database) {
  const series = new SeriesReader(database);
  return {
    samples: (namespace: string, query: Parameters<SeriesReader["samples"]>[1]) =>
      series.samples(namespace, query),
    minutes: (namespace: string, query: Parameters<SeriesReader["minutes"]>[1]) =>
      series.minutes(namespace, query),
    mergedMinutes: (namespace: string, query: Parameters<SeriesReader["mergedMinutes"]>[1]) =>
      series.mergedMinutes(namespace, query),
    mergedSamples: (namespace: string, query: Parameters<SeriesReader["mergedSamples"]>[1]) =>
      series.mergedSamples(namespace, query),
    snapshots: (namespace: string, count: number) => series.snapshots(namespace, count),
  } satisfies Methods;
}
