// The ledger as the main thread sees it: writes go to the ledger thread and resolve when they are
// synced to disk, reads go to reader threads and see every write that was acknowledged before.

import type {
  CommunicationRecord,
  CommunicationSnapshot,
  CommunicationStore,
  ConversationSummary,
  MessageQuery,
  MessageWithDeliveries,
  PruneResult,
  StateChange,
  StateQuery,
  Task,
  TaskQuery,
} from "../communication/index.ts";
import type { FeedEvent, FeedStore } from "../dashboard/index.ts";
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
  /** Reader threads at most. @default 2 for the ledger, 1 for series */
  readonly readers?: number;
  /** Told once when a thread ends by itself; what was acknowledged is on disk. */
  readonly onFailure?: (error: Error) => void;
}

/**
 * Communication, identities, audit and feed in ledger.db, through threads. `deleteNamespace()`
 * forgets the namespace in all of them (audit rows stay).
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
export class LedgerClient implements CommunicationStore, SecurityStore, FeedStore {
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
    const onFailure = options.onFailure ?? ((): void => undefined);
    const writer = new ThreadClient<Writes>("ledger", data, WRITE_BOUNDS, onFailure);
    const readers = new ReaderPool<Reads>(data, options.readers ?? 2, onFailure);
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

  load(namespace: string): Promise<CommunicationSnapshot> {
    return this.#readers.call("load", namespace);
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

  /** Forgets settled messages beyond `keep`; see {@link CommunicationStore.prune}. */
  prune(namespace: string, keep: number): Promise<PruneResult>;
  /** Forgets old credentials and audit rows; see {@link SecurityStore.prune}. */
  prune(beforeMs: number): Promise<void>;
  prune(what: string | number, keep = 0): Promise<PruneResult | void> {
    if (typeof what === "number") return this.#writer.call("pruneSecurity", what);
    return this.#writer.call("prune", what, keep);
  }

  deleteNamespace(namespace: string): Promise<void> {
    return this.#writer.call("deleteNamespace", namespace);
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
}

const WRITE_BOUNDS = {
  calls: storageLimits.pendingWrites.value,
  bytes: storageLimits.pendingWriteBytes.value,
};
