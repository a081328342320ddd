// What the threads can do, as tables of plain functions: `writes` share a commit with whatever
// arrives beside them, `jobs` run in steps between commits, `reads` run in a reader thread. The
// clients' types are derived from these.

import type {
  CommunicationRecord,
  MessageRetention,
  PruneResult,
  SnapshotPlace,
} from "../../communication/index.ts";
import type { Alert, AlertQuery, AlertRetention, FeedEvent } from "../../dashboard/index.ts";
import type { CallQuery, CallRetention, ServiceRecord } from "../../gateway/index.ts";
import type {
  ProfileQuery,
  ProfileRecord,
  ProfileRetention,
  SpanQuery,
  SpanRecord,
} from "../../profiler/index.ts";
import type { AuditEntry, Credential, NamespaceRecord } from "../../security/index.ts";
import type { PerformanceSnapshot, Retention, TimeRange } from "../../tracker/index.ts";
import { AlertTables } from "./alert-store.ts";
import { CallTables } from "./call-tables.ts";
import type { NumberedCall } from "./call-tables.ts";
import { deleteCommunication, pruneCommunication } from "./communication-maintenance.ts";
import type { Steps } from "./communication-maintenance.ts";
import { CommunicationReader } from "./communication-reader.ts";
import { CommunicationWriter } from "./communication-writer.ts";
import { Counters } from "./counters.ts";
import type { Database } from "./database.ts";
import { FeedTables } from "./feed-store.ts";
import { ProfileTables } from "./profile-store.ts";
import { SecurityTables } from "./security-store.ts";
import { SeriesReader } from "./series-reader.ts";
import { SeriesWriter } from "./series-writer.ts";
import type { SeriesBatch } from "./series-writer.ts";
import { ServiceTables } from "./service-store.ts";
import { SnapshotReader } from "./snapshot-reader.ts";

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
  const services = new ServiceTables(database);
  const alerts = new AlertTables(database);
  return {
    writes: {
      append: (namespace: string, records: readonly CommunicationRecord[]): void =>
        communication.append(namespace, records),
      appendEvents: (namespace: string, events: readonly FeedEvent[]): void =>
        feed.append(namespace, events),
      appendAudit: (entries: readonly AuditEntry[]): void => security.appendAudit(entries),
      putCredential: (credential: Credential): void => security.putCredential(credential),
      putNamespace: (record: NamespaceRecord): void => security.putNamespace(record),
      putService: (record: ServiceRecord): void => services.put(record),
      deleteService: (namespace: string, serviceId: string): void =>
        services.deleteOne(namespace, serviceId),
      putAlerts: (namespace: string, rows: readonly Alert[]): void => alerts.put(namespace, rows),
    },
    jobs: {
      prune: (namespace: string, retention: MessageRetention): Steps<PruneResult> =>
        pruneCommunication(database, namespace, retention),
      pruneAlerts: (namespace: string, retention: AlertRetention) =>
        alerts.prune(namespace, retention),
      pruneSecurity: (beforeMs: number): Steps<undefined> => security.prune(beforeMs),
      *deleteNamespace(namespace: string): Steps<undefined> {
        yield* deleteCommunication(database, namespace);
        yield* feed.delete(namespace);
        yield* services.delete(namespace);
        yield* alerts.delete(namespace);
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
  const snapshots = new SnapshotReader(database);
  const security = new SecurityTables(database);
  const feed = new FeedTables(database, new Counters(database));
  const services = new ServiceTables(database);
  const alerts = new AlertTables(database);
  type Query<Method extends keyof CommunicationReader> = Parameters<CommunicationReader[Method]>[1];
  return {
    load: (namespace: string, place: SnapshotPlace | null) => snapshots.load(namespace, place),
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
    services: (namespace: string) => services.services(namespace),
    alerts: (namespace: string, query: AlertQuery) => alerts.alerts(namespace, query),
    alert: (namespace: string, id: string) => alerts.alert(namespace, id),
  } satisfies Methods;
}

/** What the series thread does. */
export function seriesWriter(database: Database) {
  const counters = new Counters(database);
  const series = new SeriesWriter(database);
  const calls = new CallTables(database, counters);
  const profiles = new ProfileTables(database);
  function* deleteNamespace(namespace: string): Steps<undefined> {
    yield* calls.delete(namespace);
    yield* profiles.delete(namespace);
    yield* series.delete(namespace);
    return undefined;
  }
  return {
    writes: {
      append: (namespace: string, batch: SeriesBatch): void => series.append(namespace, batch),
      appendSnapshot: (namespace: string, snapshot: PerformanceSnapshot): void =>
        series.appendSnapshot(namespace, snapshot),
      appendCalls: (namespace: string, rows: readonly NumberedCall[]): void =>
        calls.append(namespace, rows),
      appendSpans: (namespace: string, rows: readonly SpanRecord[]): void =>
        profiles.spans.append(namespace, rows),
      putProfile: (record: ProfileRecord, data?: Uint8Array): void => profiles.put(record, data),
      deleteProfile: (namespace: string, id: string): boolean => profiles.deleteOne(namespace, id),
    },
    jobs: {
      prune: (namespace: string, retention: Retention) => series.prune(namespace, retention),
      pruneCalls: (namespace: string, retention: CallRetention) =>
        calls.prune(namespace, retention),
      pruneProfiles: (namespace: string, retention: ProfileRetention) =>
        profiles.prune(namespace, retention),
      deleteNamespace,
      *deleteOtherNamespaces(kept: readonly string[]): Steps<undefined> {
        for (const namespace of namespacesOf(database)) {
          if (!kept.includes(namespace)) yield* deleteNamespace(namespace);
        }
        return undefined;
      },
    },
    beforeCommit: (): void => counters.flush(),
    afterRollback: (): void => counters.discard(),
  } satisfies WriterMethods;
}

/** What a reader thread does over series.db. */
export function seriesReader(database: Database) {
  const series = new SeriesReader(database);
  const calls = new CallTables(database, new Counters(database));
  const profiles = new ProfileTables(database);
  return {
    metrics: (namespace: string) => series.metrics(namespace),
    samples: (namespace: string, query: Parameters<SeriesReader["samples"]>[1]) =>
      series.samples(namespace, query),
    samplePage: (...query: Parameters<SeriesReader["samplePage"]>) => series.samplePage(...query),
    minutes: (namespace: string, query: Parameters<SeriesReader["minutes"]>[1]) =>
      series.minutes(namespace, query),
    mergedMinutes: (namespace: string, query: Parameters<SeriesReader["mergedMinutes"]>[1]) =>
      series.mergedMinutes(namespace, query),
    groupedMinutes: (namespace: string, query: Parameters<SeriesReader["groupedMinutes"]>[1]) =>
      series.groupedMinutes(namespace, query),
    mergedSamples: (namespace: string, query: Parameters<SeriesReader["mergedSamples"]>[1]) =>
      series.mergedSamples(namespace, query),
    snapshots: (namespace: string, count: number, range: TimeRange) =>
      series.snapshots(namespace, count, range),
    calls: (namespace: string, query: CallQuery) => calls.calls(namespace, query),
    call: (namespace: string, id: string) => calls.call(namespace, id),
    lastCallSequence: (namespace: string) => calls.lastSequence(namespace),
    spans: (namespace: string, query: SpanQuery) => profiles.spans.spans(namespace, query),
    spanPage: (namespace: string, query: SpanQuery, after?: string) =>
      profiles.spans.page(namespace, query, after),
    profile: (namespace: string, id: string) => profiles.profile(namespace, id),
    profileData: (namespace: string, id: string) => profiles.data(namespace, id),
    profiles: (namespace: string, query: ProfileQuery) => profiles.profiles(namespace, query),
  } satisfies Methods;
}

/** Tables of series.db whose rows belong to a namespace, each with an index that begins with it. */
const OWNED = ["calls", "spans", "profiles", "series", "snapshots", "counters"] as const;

/** Namespaces with rows in series.db: from each to the next, never through the rows of one. */
function namespacesOf(database: Database): ReadonlySet<string> {
  const found = new Set<string>();
  for (const table of OWNED) {
    const next = database.prepare(
      `SELECT min(namespace) AS name FROM ${table} WHERE namespace > ?`,
    );
    let name: unknown = "";
    while (typeof name === "string") {
      name = next.get(name)?.["name"];
      if (typeof name === "string") found.add(name);
    }
  }
  return found;
}
