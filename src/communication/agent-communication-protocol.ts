// The component's face: an agent registry, inboxes that lose nothing, tasks, and presence that
// tells the truth. It only forwards; each part below it has one job.

import type { JsonObject, JsonValue } from "../core/index.ts";
import { exportText, gatherExport, writeExport } from "./communication-export.ts";
import type { CommunicationExport, CommunicationExportSource } from "./communication-export.ts";
import { CommunicationHost } from "./communication-host.ts";
import { invalid } from "./input-checks.ts";
import type {
  AgentStatus,
  AgentView,
  ClaimedMessage,
  Delivery,
  MailboxCounts,
  Message,
  MessagePriority,
  MessageType,
  Presence,
  StateChange,
  Task,
} from "./model.ts";
import type { DeadLetterFilter, RedriveResult } from "./redrive-desk.ts";
import type * as requests from "./requests.ts";
import type {
  ConversationQuery,
  ConversationSummary,
  MessageQuery,
  MessageWithDeliveries,
  StateQuery,
  TaskQuery,
} from "./store.ts";

/**
 * Communication of one namespace. Starts by itself with the first call; {@link stop} ends it.
 *
 * @example
 * const comm = new AgentCommunicationProtocol();
 * await comm.registerAgent("worker", "Worker", ["sort"], null);
 * await comm.sendMessage("coordinator", "worker", "task_assignment", { task: "sort a list" });
 * const [claimed] = await comm.claim("worker");
 * if (claimed !== undefined) await comm.done(claimed.token, { result: [1, 2, 3] });
 * await comm.stop();
 */
export class AgentCommunicationProtocol extends CommunicationHost {
  /** Registers an agent, or renews its registration; its mailbox and any pause stay. */
  async registerAgent(registration: requests.AgentRegistration): Promise<AgentView>;
  async registerAgent(
    agentId: string,
    name: string,
    capabilities: readonly string[],
    endpoint: string | null,
    metadata?: JsonObject,
  ): Promise<AgentView>;
  async registerAgent(
    first: requests.AgentRegistration | string,
    name?: string,
    capabilities?: readonly string[],
    endpoint?: string | null,
    metadata?: JsonObject,
  ): Promise<AgentView> {
    const { agents } = await this.open();
    if (typeof first !== "string") return agents.register(first);
    return agents.register({
      agentId: first,
      ...(name === undefined ? {} : { name }),
      ...(capabilities === undefined ? {} : { capabilities }),
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(metadata === undefined ? {} : { metadata }),
    });
  }

  /** Removes an agent; its unsettled mail becomes dead letters. */
  async unregisterAgent(agentId: string): Promise<void> {
    await (await this.open()).agents.unregister(agentId);
  }

  /** Changes what an agent says of itself. */
  async updateAgentStatus(agentId: string, status: AgentStatus, note?: string): Promise<AgentView> {
    return this.updateAgent(agentId, { status, ...(note === undefined ? {} : { note }) });
  }

  /** Changes status, capabilities or metadata. */
  async updateAgent(agentId: string, patch: requests.AgentPatch): Promise<AgentView> {
    return (await this.open()).agents.update(agentId, patch);
  }

  async getAgentInfo(agentId: string): Promise<AgentView | undefined> {
    const { context, presence } = await this.open();
    const record = context.registry.get(agentId);
    return record === undefined ? undefined : presence.view(record);
  }

  /** As {@link getAgentInfo}; @throws CommunicationError that names near matches. */
  async requireAgent(agentId: string): Promise<AgentView> {
    const { context, presence } = await this.open();
    return presence.view(context.registry.require(agentId, "communication.agent_unknown"));
  }

  async getAllAgents(): Promise<readonly AgentView[]> {
    const { context, presence } = await this.open();
    return presence.views([...context.registry.all()]);
  }

  /** Agents that can do something: online first, then least loaded; away or paused ones last. */
  async findAgentsByCapability(
    capability: string,
    options: { readonly includeOffline?: boolean } = {},
  ): Promise<readonly AgentView[]> {
    const { discovery, presence } = await this.open();
    const found = discovery.withCapability(capability, options.includeOffline ?? false);
    return presence.views(found);
  }

  /** Agents that match, in the order of discovery. */
  async findAgents(query: requests.AgentQuery = {}): Promise<readonly AgentView[]> {
    const { discovery, presence } = await this.open();
    return presence.views(discovery.matching(query));
  }

  /**
   * A sign of life; proves existence, never progress. With `waitMs` it is recorded at once and
   * answered as soon as there is something to tell.
   */
  async heartbeat(
    agentId: string,
    request: requests.HeartbeatRequest = {},
  ): Promise<requests.HeartbeatReply> {
    const runtime = await this.open();
    return runtime.heartbeats.heartbeat(agentId, request);
  }

  /** Stops handing out mail to an agent; its timeouts and its stuck clock stand still. */
  async pauseAgent(
    agentId: string,
    by: { readonly by?: string; readonly reason?: string } = {},
  ): Promise<AgentView> {
    return (await this.open()).holds.pause(agentId, by.by ?? "library", by.reason ?? "");
  }

  async resumeAgent(agentId: string, by: { readonly by?: string } = {}): Promise<AgentView> {
    return (await this.open()).holds.resume(agentId, by.by ?? "library");
  }

  /**
   * Isolates an agent: no mail reaches it, and what it sends, finishes or measures is refused,
   * until {@link releaseAgent}. It may heartbeat and read. Survives restarts of both.
   */
  async quarantineAgent(
    agentId: string,
    by: { readonly by?: string; readonly reason?: string } = {},
  ): Promise<AgentView> {
    return (await this.open()).holds.quarantine(agentId, by.by ?? "library", by.reason ?? "");
  }

  async releaseAgent(agentId: string, by: { readonly by?: string } = {}): Promise<AgentView> {
    return (await this.open()).holds.release(agentId, by.by ?? "library");
  }

  /** Asks an agent's wrapper to restart it, with its next heartbeat. */
  async requestRestart(
    agentId: string,
    by: { readonly by?: string } = {},
  ): Promise<requests.AgentCommand> {
    return (await this.open()).commands.requestRestart(agentId, by.by ?? "library");
  }

  /** Asks an agent to take a profile of itself; a heartbeat that waits brings the order at once. */
  async requestProfile(
    agentId: string,
    order: requests.ProfileOrder,
  ): Promise<requests.AgentCommand> {
    return (await this.open()).commands.requestProfile(agentId, order);
  }

  async getPresence(agentId: string): Promise<Presence> {
    const { context, presence } = await this.open();
    return presence.presence(context.registry.require(agentId, "communication.agent_unknown"));
  }

  /** Judges every agent whose state may have changed; resolves when the changes are stored. */
  async evaluate(): Promise<void> {
    await (await this.open()).presence.evaluate();
  }

  /** History of states in a range of time. */
  async getStates(query: StateQuery): Promise<readonly StateChange[]> {
    await this.open();
    return this.store.states(this.namespace, query);
  }

  /** Sends a message; resolves with its id once it is stored. */
  async sendMessage(
    senderId: string,
    recipientId: string,
    messageType: MessageType,
    payload: JsonValue,
    priority?: MessagePriority,
  ): Promise<string> {
    const request = { senderId, recipientId, type: messageType, payload };
    const { messageId } = await this.send(
      priority === undefined ? request : { ...request, priority },
    );
    return messageId;
  }

  /** Sends a message; resolves once it is stored, rejects when it was not accepted. */
  async send(request: requests.SendRequest): Promise<requests.SendResult> {
    return (this.runtime ?? (await this.open())).sends.send(request);
  }

  /** Sends up to 256 messages in one commit; each is accepted or refused by itself. */
  async sendMany(
    list: readonly requests.SendRequest[],
  ): Promise<readonly requests.SendManyResult[]> {
    return (await this.open()).sends.sendMany(list);
  }

  /** Sends one message to every registered agent (of a capability or kind), not to its sender. */
  async broadcastMessage(
    senderId: string,
    messageType: MessageType,
    payload: JsonValue,
    priority: MessagePriority = "normal",
    filter: requests.BroadcastFilter = {},
  ): Promise<requests.BroadcastResult> {
    const { sends } = await this.open();
    return sends.broadcast({ senderId, type: messageType, payload, priority }, filter);
  }

  /** Takes mail out of an agent's inbox under a lease; waits for some if asked to. */
  async claim(
    agentId: string,
    options: requests.ClaimOptions = {},
  ): Promise<readonly ClaimedMessage[]> {
    return (this.runtime ?? (await this.open())).claims.claim(agentId, options);
  }

  /** Extends a lease by its length. */
  async extend(token: string): Promise<requests.LeaseExtension> {
    return (await this.open()).settlements.extend(token);
  }

  /** Says how far the work is, and extends the lease. */
  async progress(
    token: string,
    report: requests.ProgressReport = {},
  ): Promise<requests.LeaseExtension> {
    return (await this.open()).settlements.progress(token, report);
  }

  /** The work is done; an answer, if given, is stored in the same commit. */
  async done(token: string, report: requests.DoneReport = {}): Promise<void> {
    await (await this.open()).settlements.done(token, report);
  }

  /** Hands the work back for another attempt. */
  async retry(token: string, request: requests.RetryRequest = {}): Promise<void> {
    await (await this.open()).settlements.retry(token, request);
  }

  /** Gives the work up for good, saying why. */
  async deadLetter(token: string, reason: { readonly note: string }): Promise<void> {
    await (await this.open()).settlements.deadLetter(token, reason.note);
  }

  /**
   * Answers a message, by its lease token or its id.
   * @param options whose answer it is, when a message id does not tell (a broadcast).
   */
  async reply(
    target: string,
    payload: JsonValue,
    options: { readonly senderId?: string } = {},
  ): Promise<requests.ReplyResult> {
    const { replies, sends, settlements } = await this.open();
    if (target.includes(".")) {
      const { message, delivery } = settlements.held(target).entry;
      return sends.reply(message, delivery.recipientId, payload, undefined);
    }
    const held = replies.remembered(target);
    const stored = held === undefined ? await replies.fetch(target) : undefined;
    const message = held ?? stored?.message;
    const senderId = options.senderId ?? message?.recipientId;
    if (message === undefined || senderId === null || senderId === undefined) {
      throw invalid(`senderId must say who answers the broadcast "${target}"`);
    }
    return sends.reply(message, senderId, payload, stored);
  }

  /** Waits for the answer to a message. */
  async waitForReply(messageId: string, options: requests.WaitForReplyOptions): Promise<Message> {
    return (await this.open()).replies.waitForReply(messageId, options);
  }

  /** Puts a dead letter back into its inbox. */
  async redrive(deliveryId: string): Promise<Delivery> {
    return (await this.open()).redrives.redrive(deliveryId);
  }

  /** Puts all dead letters (of one agent) back, as far as there is room; says how many stayed, and why. */
  async redriveAll(filter: { readonly agentId?: string } = {}): Promise<RedriveResult> {
    return (await this.open()).redrives.redriveAll(filter.agentId);
  }

  async getMessage(messageId: string): Promise<MessageWithDeliveries | undefined> {
    await this.open();
    return this.store.message(this.namespace, messageId);
  }

  /** The delivery with this id and its message, whatever its state. */
  async getDelivery(
    deliveryId: string,
  ): Promise<{ readonly message: Message; readonly delivery: Delivery } | undefined> {
    await this.open();
    return this.store.delivery(this.namespace, deliveryId);
  }

  async getMessages(query: MessageQuery = {}): Promise<readonly MessageWithDeliveries[]> {
    await this.open();
    return this.store.messages(this.namespace, query);
  }

  async getConversations(query: ConversationQuery = {}): Promise<readonly ConversationSummary[]> {
    await this.open();
    return this.store.conversations(this.namespace, query);
  }

  async getDeadLetters(filter: DeadLetterFilter = {}): Promise<readonly MessageWithDeliveries[]> {
    return (await this.open()).redrives.list(filter);
  }

  async getMailbox(agentId: string): Promise<MailboxCounts> {
    const { context } = await this.open();
    context.registry.require(agentId, "communication.agent_unknown");
    return context.engine.counts(agentId);
  }

  /** Whose lease a token stands for; undefined when it stands for none that is in force. */
  async holderOf(token: string): Promise<string | undefined> {
    return (await this.open()).context.engine.lease(token)?.entry.delivery.recipientId;
  }

  /** Starts a task that no message asked for. */
  async startTask(agentId: string, start: requests.TaskStart): Promise<Task> {
    return (await this.open()).tasks.start(agentId, start);
  }

  async updateTask(taskId: string, update: requests.TaskUpdate): Promise<Task> {
    return (await this.open()).tasks.update(taskId, update);
  }

  async endTask(taskId: string, end: requests.TaskEnd): Promise<Task> {
    return (await this.open()).tasks.end(taskId, end);
  }

  async getTask(taskId: string): Promise<Task | undefined> {
    return (await this.open()).tasks.get(taskId);
  }

  async getTasks(query: TaskQuery = {}): Promise<readonly Task[]> {
    await this.open();
    return this.store.tasks(this.namespace, query);
  }

  /** Everything known of the namespace; written to a file too when a path is given. */
  async exportCommunicationData(path?: string): Promise<CommunicationExport> {
    const document = await gatherExport(await this.#exportSource());
    if (path !== undefined) await writeExport(path, document);
    return document;
  }

  /** The same document as pieces of JSON text, for a response or a pipe. */
  async *exportText(): AsyncGenerator<string> {
    yield* exportText(await this.#exportSource());
  }

  async #exportSource(): Promise<CommunicationExportSource> {
    const agents = await this.getAllAgents();
    return { store: this.store, namespace: this.namespace, agents, nowMs: this.clock.now() };
  }
}
