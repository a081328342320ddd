// CommunicationStore over ledger.db on the calling thread: for tools, tests and programs without
// the server. The server goes through threads/LedgerClient, which commits in groups.

import type {
  CommunicationRecord,
  CommunicationStore,
  ConversationQuery,
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
} from "../../communication/index.ts";
import { deleteCommunication, pruneCommunication } from "./communication-maintenance.ts";
import { CommunicationReader } from "./communication-reader.ts";
import { CommunicationWriter } from "./communication-writer.ts";
import { Counters } from "./counters.ts";
import type { Database } from "./database.ts";
import { SnapshotReader } from "./snapshot-reader.ts";
import type { PageBounds } from "./snapshot-reader.ts";
import { runSteps, writeWith } from "./transactions.ts";

/**
 * Keeps communication in a ledger database.
 *
 * @example
 * import { openLedger } from "agent-cellphone";
 *
 * using database = openLedger(":memory:");
 * const store = new SqliteCommunicationStore(database);
 * await store.append("default", [{ kind: "agent-removed", agentId: "nobody" }]);
 */
export class SqliteCommunicationStore implements CommunicationStore {
  readonly #database: Database;
  readonly #counters: Counters;
  readonly #writer: CommunicationWriter;
  readonly #reader: CommunicationReader;
  readonly #snapshots: SnapshotReader;

  /**
   * @param database from {@link openLedger}; the caller closes it.
   * @param pages what a page of {@link load} holds at most. @default storageLimits
   */
  constructor(database: Database, pages?: PageBounds) {
    this.#database = database;
    this.#counters = new Counters(database);
    this.#writer = new CommunicationWriter(database, this.#counters);
    this.#reader = new CommunicationReader(database);
    this.#snapshots = new SnapshotReader(database, pages);
  }

  async append(namespace: string, records: readonly CommunicationRecord[]): Promise<void> {
    writeWith(this.#database, this.#counters, () => this.#writer.append(namespace, records));
  }

  async load(namespace: string, place: SnapshotPlace | null): Promise<SnapshotPage> {
    return this.#snapshots.load(namespace, place);
  }

  async messages(
    namespace: string,
    query: MessageQuery,
  ): Promise<readonly MessageWithDeliveries[]> {
    return this.#reader.messages(namespace, query);
  }

  async message(namespace: string, messageId: string): Promise<MessageWithDeliveries | undefined> {
    return this.#reader.message(namespace, messageId);
  }

  async delivery(
    namespace: string,
    deliveryId: string,
  ): ReturnType<CommunicationStore["delivery"]> {
    return this.#reader.delivery(namespace, deliveryId);
  }

  async conversations(
    namespace: string,
    query: ConversationQuery,
  ): Promise<readonly ConversationSummary[]> {
    return this.#reader.conversations(namespace, query);
  }

  async tasks(namespace: string, query: TaskQuery): Promise<readonly Task[]> {
    return this.#reader.tasks(namespace, query);
  }

  async task(namespace: string, taskId: string): Promise<Task | undefined> {
    return this.#reader.task(namespace, taskId);
  }

  async states(namespace: string, query: StateQuery): Promise<readonly StateChange[]> {
    return this.#reader.states(namespace, query);
  }

  async prune(namespace: string, retention: MessageRetention): Promise<PruneResult> {
    return runSteps(this.#database, pruneCommunication(this.#database, namespace, retention));
  }

  async deleteNamespace(namespace: string): Promise<void> {
    runSteps(this.#database, deleteCommunication(this.#database, namespace));
  }
}
