// The ledger as the main thread sees it: writes go to the ledger thread and resolve when they are
// synced to disk, reads go to reader threads and see every write that was acknowledged before.

import type {
  CommunicationRecord,
  CommunicationStore,
  ConversationSummary,
  MessageQuery,
  MessageRetention,
  MessageWithDeliveries,
  PruneResult,
  SnapshotPage,
  SnapshotPlace,
  StateChange,
  StateQuery,
  Task,
  TaskQuery,
} from "../communication/index.ts";
import type { Clock, ComponentLog } from "../core/index.ts";
import type {
  Alert,
  AlertQuery,
  AlertRetention,
  AlertStore,
  FeedEvent,
  FeedStore,
} from "../dashboard/index.ts";
import type { ServiceRecord, ServiceStore } from "../gateway/index.ts";
import type {
  AuditEntry,
  AuditQuery,
  Credential,
  NamespaceRecord,
  SecurityStore,
} from "../security/index.ts";
import type { ledgerReader, ledgerWriter } from "../storage/index.ts";
import { storageLimits } from "../storage/index.ts";
import { ReaderPool } from "./reader-pool.ts";
import { ThreadClient } from "./thread-client.ts";

type Writer = ReturnType<typeof ledgerWriter>;
type Writes = Writer["writes"] & Writer["jobs"];
type Reads = ReturnType<typeof ledgerReader>;

/** How to open a {@link LedgerClient} or a SeriesClient. */
export interface StorageClientOptions {
  /** Reader threads at most. @default 2 */
  readonly readers?: number;
  /**
   * Told when the writing thread ends by itself: nothing can be written any more; what was
   * acknowledged is on disk. Readers are replaced.
   */
  readonly onFailure?: (error: Error) => void;
  /** Told of each reader that ended and is replaced. @default says nothing */
  readonly log?: ComponentLog;
  /** @default the machine's clock */
  readonly clock?: Clock;
}

/**
 * Communication, identities, audit, feed, services and alerts in ledger.db, through threads.
 * `deleteNamespace()` forgets the namespace in all of them (audit rows stay).
 *
 * @example
 * import { mkdtempDisposableSync } from "node:fs";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 *
 * using folder = mkdtempDisposableSync(join(tmpdir(), "example-"));
 * const ledger = await LedgerClient.open(join(folder.path, "ledger.db"));
 * await ledger.append("default", [{ kind: "agent-removed", agentId: "nobody" }]);
 * await ledger.close();
 */
export class LedgerClient
  implements CommunicationStore, SecurityStore, FeedStore, ServiceStore, AlertStore
{
  readonly #writer: ThreadClient<Writes>;
  readonly #readers: ReaderPool<Reads>;

  private constructor(writer: ThreadClient<Writes>, readers: ReaderPool<Reads>) {
    this.#writer = writer;
    this.#readers = readers;
  }

  /**
   * Starts the threads; resolves when they serve.
   * @param path of ledger.db; see {@link openDataFolder}.
   * @throws StorageError storage.newer_format, storage.corrupt, storage.folder_unwritable.
   */
  static async open(path: string, options: StorageClientOptions = {}): Promise<LedgerClient> {
    const data = { database: "ledger", path } as const;
    const writer = new ThreadClient<Writes>("ledger", data, WRITE_BOUNDS, onEnd(options));
    const readers = new ReaderPool<Reads>(data, options.readers ?? 2, options);
    try {
      await writer.ready();
    } catch (error) {
      await writer.close();
      throw error;
    }
    return new LedgerClient(writer, readers);
  }

  /** Writes waiting for the disk. */
  get pendingWrites(): number {
    return this.#writer.pending;
  }

  /** Lets what waits finish, then ends the threads and tidies the file. */
  async close(): Promise<void> {
    await this.#readers.close();
    await this.#writer.close();
  }

  append(namespace: string, records: readonly CommunicationRecord[]): Promise<void> {
    return this.#writer.call("append", namespace, records);
  }

  load(namespace: string, place: SnapshotPlace | null): Promise<SnapshotPage> {
    return this.#readers.call("load", namespace, place);
  }

  messages(namespace: string, query: MessageQuery): Promise<readonly MessageWithDeliveries[]> {
    return this.#readers.call("messages", namespace, query);
  }

  message(namespace: string, messageId: string): Promise<MessageWithDeliveries | undefined> {
    return this.#readers.call("message", namespace, messageId);
  }

  delivery(namespace: string, deliveryId: string): ReturnType<CommunicationStore["delivery"]> {
    return this.#readers.call("delivery", namespace, deliveryId);
  }

  conversations(
    namespace: string,
    query: Parameters<CommunicationStore["conversations"]>[1],
  ): Promise<readonly ConversationSummary[]> {
    return this.#readers.call("conversations", namespace, query);
  }

  tasks(namespace: string, query: TaskQuery): Promise<readonly Task[]> {
    return this.#readers.call("tasks", namespace, query);
  }

  task(namespace: string, taskId: string): Promise<Task | undefined> {
    return this.#readers.call("task", namespace, taskId);
  }

  states(namespace: string, query: StateQuery): Promise<readonly StateChange[]> {
    return this.#readers.call("states", namespace, query);
  }

  /** Forgets what the retention does not keep; see {@link CommunicationStore.prune}. */
  prune(namespace: string, retention: MessageRetention): Promise<PruneResult>;
  /** Forgets old credentials and audit rows; see {@link SecurityStore.prune}. */
  prune(beforeMs: number): Promise<void>;
  prune(
    ...what: [beforeMs: number] | [namespace: string, retention: MessageRetention]
  ): Promise<PruneResult | void> {
    const [first, retention] = what;
    return retention === undefined
      ? this.#writer.job("pruneSecurity", Number(first))
      : this.#writer.job("prune", String(first), retention);
  }

  deleteNamespace(namespace: string): Promise<void> {
    return this.#writer.job("deleteNamespace", namespace);
  }

  putCredential(credential: Credential): Promise<void> {
    return this.#writer.call("putCredential", credential);
  }

  credentials(): Promise<readonly Credential[]> {
    return this.#readers.call("credentials");
  }

  appendAudit(entries: readonly AuditEntry[]): Promise<void> {
    return this.#writer.call("appendAudit", entries);
  }

  audit(query: AuditQuery): Promise<readonly AuditEntry[]> {
    return this.#readers.call("audit", query);
  }

  putNamespace(record: NamespaceRecord): Promise<void> {
    return this.#writer.call("putNamespace", record);
  }

  namespaces(): Promise<readonly NamespaceRecord[]> {
    return this.#readers.call("namespaces");
  }

  appendEvents(namespace: string, events: readonly FeedEvent[]): Promise<void> {
    return this.#writer.call("appendEvents", namespace, events);
  }

  events(
    namespace: string,
    query: Parameters<FeedStore["events"]>[1],
  ): Promise<readonly FeedEvent[]> {
    return this.#readers.call("events", namespace, query);
  }

  lastEventId(): Promise<number> {
    return this.#readers.call("lastEventId");
  }

  services(namespace: string): Promise<readonly ServiceRecord[]> {
    return this.#readers.call("services", namespace);
  }

  putService(record: ServiceRecord): Promise<void> {
    return this.#writer.call("putService", record);
  }

  deleteService(namespace: string, serviceId: string): Promise<void> {
    return this.#writer.call("deleteService", namespace, serviceId);
  }

  putAlerts(namespace: string, alerts: readonly Alert[]): Promise<void> {
    return this.#writer.call("putAlerts", namespace, alerts);
  }

  alerts(namespace: string, query: AlertQuery): Promise<readonly Alert[]> {
    return this.#readers.call("alerts", namespace, query);
  }

  alert(namespace: string, id: string): Promise<Alert | undefined> {
    return this.#readers.call("alert", namespace, id);
  }

  pruneAlerts(namespace: string, retention: AlertRetention): Promise<{ readonly alerts: number }> {
    return this.#writer.job("pruneAlerts", namespace, retention);
  }
}

/** A thread that never served says so by its greeting: {@link ThreadClient.ready} rejects. */
export function onEnd(options: StorageClientOptions): (error: Error, served: boolean) => void {
  return (error, served) => {
    if (served) options.onFailure?.(error);
  };
}

const WRITE_BOUNDS = {
  calls: storageLimits.pendingWrites.value,
  bytes: storageLimits.pendingWriteBytes.value,
};
