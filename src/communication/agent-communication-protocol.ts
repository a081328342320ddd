// The component's face: an agent registry, inboxes that lose nothing, tasks, and presence that
// tells the truth. It only forwards; each part below it has one job.

import {
  DEFAULT_NAMESPACE,
  Listeners,
  nameProblem,
  noTelemetry,
  noComponentLog,
  systemClock,
} from "../core/index.ts";
import type { ActivityKind, Clock, ComponentLog } from "../core/index.ts";
import type { JsonObject, JsonValue, Telemetry } from "../core/index.ts";
import { gatherExport, writeExport } from "./communication-export.ts";
import type { CommunicationExport } from "./communication-export.ts";
import { CommunicationRuntime } from "./communication-runtime.ts";
import { communicationSettings } from "./config.ts";
import type { CommunicationOptions, CommunicationSettings } from "./config.ts";
import type { DeadLetterSummary } from "./dead-letter-book.ts";
import { CommunicationError } from "./errors.ts";
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
import type * as requests from "./requests.ts";
import type {
  CommunicationStore,
  ConversationSummary,
  MessageQuery,
  MessageWithDeliveries,
  StateQuery,
  TaskQuery,
} from "./store.ts";
import { VolatileCommunicationStore } from "./volatile-store.ts";

/** What the protocol stands on; every part has a default for use as a library. */
export interface CommunicationDependencies {
  /** @default "default" */
  readonly namespace?: string;
  /** @default a VolatileCommunicationStore */
  readonly store?: CommunicationStore;
  /** @default the machine's clock */
  readonly clock?: Clock;
  /** @default none */
  readonly telemetry?: Telemetry;
  /** @default none */
  readonly log?: ComponentLog;
}

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
export class AgentCommunicationProtocol implements AsyncDisposable {
  readonly namespace: string;
  readonly settings: CommunicationSettings;
  readonly #events = new Listeners<requests.CommunicationEvent>();
  readonly #store: CommunicationStore;
  readonly #clock: Clock;
  readonly #telemetry: Telemetry;
  readonly #log: ComponentLog;
  #runtime: CommunicationRuntime | undefined;
  #starting: Promise<CommunicationRuntime> | undefined;
  #stopped = false;

  /** @throws z.ZodError on options, CommunicationError on a namespace that cannot be used. */
  constructor(options: CommunicationOptions = {}, dependencies: CommunicationDependencies = {}) {
    const { namespace = DEFAULT_NAMESPACE } = dependencies;
    const problem = nameProblem(namespace);
    if (problem !== undefined) {
      const message = `The namespace "${namespace}" ${problem}`;
      throw new CommunicationError("communication.name_invalid", message);
    }
    this.namespace = namespace;
    this.settings = communicationSettings(options);
    this.#clock = dependencies.clock ?? systemClock;
    this.#store =
      dependencies.store ?? new VolatileCommunicationStore(this.settings.maxMessageHistory);
    this.#telemetry = dependencies.telemetry ?? noTelemetry;
    this.#log = dependencies.log ?? noComponentLog;
  }

  /** Loads what the store remembers and starts the timers. Starting twice is one start. */
  async start(): Promise<void> {
    this.#stopped = false;
    await this.#open();
  }

  /** Ends waiting claims with empty lists and waits for what is being stored. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const runtime = await this.#starting?.catch(() => undefined);
    this.#starting = undefined;
    this.#runtime = undefined;
    await runtime?.stop();
  }

  /** The same as {@link start}. */
  startCommunication(): Promise<void> {
    return this.start();
  }

  /** The same as {@link stop}. */
  stopCommunication(): Promise<void> {
    return this.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

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
    const { agents } = await this.#open();
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
    await (await this.#open()).agents.unregister(agentId);
  }

  /** Changes what an agent says of itself. */
  async updateAgentStatus(agentId: string, status: AgentStatus, note?: string): Promise<AgentView> {
    return this.updateAgent(agentId, { status, ...(note === undefined ? {} : { note }) });
  }

  /** Changes status, capabilities or metadata. */
  async updateAgent(agentId: string, patch: requests.AgentPatch): Promise<AgentView> {
    return (await this.#open()).agents.update(agentId, patch);
  }

  async getAgentInfo(agentId: string): Promise<AgentView | undefined> {
    const { context, presence } = await this.#open();
    const record = context.registry.get(agentId);
    return record === undefined ? undefined : presence.view(record);
  }

  async getAllAgents(): Promise<readonly AgentView[]> {
    const { context, presence } = await this.#open();
    return Array.from(context.registry.all(), (record) => presence.view(record));
  }

  /** What is known of every agent now, from memory; empty before the start. */
  views(): readonly AgentView[] {
    const runtime = this.#runtime;
    if (runtime === undefined) return [];
    return Array.from(runtime.context.registry.all(), (record) => runtime.presence.view(record));
  }

  /** As {@link getAgentInfo}, from memory. */
  view(agentId: string): AgentView | undefined {
    const record = this.#runtime?.context.registry.get(agentId);
    return record === undefined ? undefined : this.#runtime?.presence.view(record);
  }

  /** Dead letters that wait for someone, from memory. */
  deadLetterCount(): DeadLetterSummary {
    return this.#runtime?.context.deadLetters.summary() ?? { count: 0, oldestAtMs: null };
  }

  /** How often agents should send a heartbeat. */
  get heartbeatIntervalMs(): number {
    return this.settings.heartbeatIntervalMs;
  }

  /** Agents that can do something: online first, then least loaded; away or paused ones last. */
  async findAgentsByCapability(
    capability: string,
    options: { readonly includeOffline?: boolean } = {},
  ): Promise<readonly AgentView[]> {
    const { discovery, presence } = await this.#open();
    const found = discovery.withCapability(capability, options.includeOffline ?? false);
    return found.map((record) => presence.view(record));
  }

  /** Agents that match, in the order of discovery. */
  async findAgents(query: requests.AgentQuery = {}): Promise<readonly AgentView[]> {
    const { discovery, presence } = await this.#open();
    return discovery.matching(query).map((record) => presence.view(record));
  }

  /** A sign of life; proves existence, never progress. */
  async heartbeat(
    agentId: string,
    request: requests.HeartbeatRequest = {},
  ): Promise<requests.HeartbeatReply> {
    const runtime = await this.#open();
    return runtime.agents.heartbeat(agentId, request);
  }

  /** Notes that an agent did something elsewhere (a metric, a call). Unknown agents are ignored. */
  recordActivity(agentId: string, kind: ActivityKind): void {
    const runtime = this.#runtime;
    const record = runtime?.context.registry.get(agentId);
    if (runtime === undefined || record === undefined) return;
    if (kind === "output") runtime.presence.output(record, false);
    else runtime.presence.life(record);
  }

  /** Stops handing out mail to an agent; its timeouts and its stuck clock stand still. */
  async pauseAgent(
    agentId: string,
    by: { readonly by?: string; readonly reason?: string } = {},
  ): Promise<AgentView> {
    return (await this.#open()).agents.pause(agentId, by.by ?? "library", by.reason ?? "");
  }

  async resumeAgent(agentId: string, by: { readonly by?: string } = {}): Promise<AgentView> {
    return (await this.#open()).agents.resume(agentId, by.by ?? "library");
  }

  /** Asks an agent's wrapper to restart it, with its next heartbeat. */
  async requestRestart(
    agentId: string,
    by: { readonly by?: string } = {},
  ): Promise<requests.AgentCommand> {
    return (await this.#open()).agents.requestRestart(agentId, by.by ?? "library");
  }

  async getPresence(agentId: string): Promise<Presence> {
    const { context, presence } = await this.#open();
    return presence.presence(context.registry.require(agentId, "communication.agent_unknown"));
  }

  /** Judges every agent whose state may have changed; resolves when the changes are stored. */
  async evaluate(): Promise<void> {
    await (await this.#open()).presence.evaluate();
  }

  /** History of states in a range of time. */
  async getStates(query: StateQuery): Promise<readonly StateChange[]> {
    await this.#open();
    return this.#store.states(this.namespace, query);
  }

  /** Sends a message; resolves with its id once it is stored. */
  async sendMessage(
    senderId: string,
    recipientId: string,
    type: MessageType,
    payload: JsonValue,
    priority?: MessagePriority,
  ): Promise<string> {
    const request = { senderId, recipientId, type, payload };
    const { messageId } = await this.send(
      priority === undefined ? request : { ...request, priority },
    );
    return messageId;
  }

  /** Sends a message; resolves once it is stored, rejects when it was not accepted. */
  async send(request: requests.SendRequest): Promise<requests.SendResult> {
    return (this.#runtime ?? (await this.#open())).sends.send(request);
  }

  /** Sends up to 256 messages in one commit; each is accepted or refused by itself. */
  async sendMany(
    list: readonly requests.SendRequest[],
  ): Promise<readonly requests.SendManyResult[]> {
    return (await this.#open()).sends.sendMany(list);
  }

  /** Sends one message to every registered agent (of a capability or kind), not to its sender. */
  async broadcastMessage(
    senderId: string,
    type: MessageType,
    payload: JsonValue,
    priority: MessagePriority = "normal",
    filter: requests.BroadcastFilter = {},
  ): Promise<requests.BroadcastResult> {
    const { sends } = await this.#open();
    return sends.broadcast({ senderId, type, payload, priority }, filter);
  }

  /** Takes mail out of an agent's inbox under a lease; waits for some if asked to. */
  async claim(
    agentId: string,
    options: requests.ClaimOptions = {},
  ): Promise<readonly ClaimedMessage[]> {
    return (this.#runtime ?? (await this.#open())).claims.claim(agentId, options);
  }

  /** Extends a lease by its length. */
  async extend(token: string): Promise<requests.LeaseExtension> {
    return (await this.#open()).settlements.extend(token);
  }

  /** Says how far the work is, and extends the lease. */
  async progress(
    token: string,
    report: requests.ProgressReport = {},
  ): Promise<requests.LeaseExtension> {
    return (await this.#open()).settlements.progress(token, report);
  }

  /** The work is done; an answer, if given, is stored in the same commit. */
  async done(token: string, report: requests.DoneReport = {}): Promise<void> {
    await (await this.#open()).settlements.done(token, report);
  }

  /** Hands the work back for another attempt. */
  async retry(token: string, request: requests.RetryRequest = {}): Promise<void> {
    await (await this.#open()).settlements.retry(token, request);
  }

  /** Gives the work up for good, saying why. */
  async deadLetter(token: string, reason: { readonly note: string }): Promise<void> {
    await (await this.#open()).settlements.deadLetter(token, reason.note);
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
    const { replies, sends, settlements } = await this.#open();
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
  async waitForReply(
    messageId: string,
    options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
  ): Promise<Message> {
    return (await this.#open()).replies.waitForReply(messageId, options);
  }

  /** Puts a dead letter back into its inbox. */
  async redrive(deliveryId: string): Promise<Delivery> {
    return (await this.#open()).redrives.redrive(deliveryId);
  }

  /** Puts all dead letters (of one agent) back, as far as there is room; resolves with how many. */
  async redriveAll(filter: { readonly agentId?: string } = {}): Promise<number> {
    return (await this.#open()).redrives.redriveAll(filter.agentId);
  }

  async getMessage(messageId: string): Promise<MessageWithDeliveries | undefined> {
    await this.#open();
    return this.#store.message(this.namespace, messageId);
  }

  /** The delivery with this id and its message, whatever its state. */
  async getDelivery(
    deliveryId: string,
  ): Promise<{ readonly message: Message; readonly delivery: Delivery } | undefined> {
    await this.#open();
    return this.#store.delivery(this.namespace, deliveryId);
  }

  async getMessages(query: MessageQuery = {}): Promise<readonly MessageWithDeliveries[]> {
    await this.#open();
    return this.#store.messages(this.namespace, query);
  }

  async getConversations(
    query: { readonly agentId?: string; readonly beforeMs?: number; readonly limit?: number } = {},
  ): Promise<readonly ConversationSummary[]> {
    await this.#open();
    return this.#store.conversations(this.namespace, query);
  }

  async getDeadLetters(
    filter: { readonly agentId?: string; readonly limit?: number } = {},
  ): Promise<readonly MessageWithDeliveries[]> {
    return (await this.#open()).redrives.list(filter);
  }

  async getMailbox(agentId: string): Promise<MailboxCounts> {
    const { context } = await this.#open();
    context.registry.require(agentId, "communication.agent_unknown");
    return context.engine.counts(agentId);
  }

  /** Whom a token's message is for; checks the lease. */
  async holderOf(token: string): Promise<string> {
    return (await this.#open()).settlements.held(token).entry.delivery.recipientId;
  }

  /** Starts a task that no message asked for. */
  async startTask(agentId: string, start: requests.TaskStart): Promise<Task> {
    return (await this.#open()).tasks.start(agentId, start);
  }

  async updateTask(taskId: string, update: requests.TaskUpdate): Promise<Task> {
    return (await this.#open()).tasks.update(taskId, update);
  }

  async endTask(taskId: string, end: requests.TaskEnd): Promise<Task> {
    return (await this.#open()).tasks.end(taskId, end);
  }

  async getTask(taskId: string): Promise<Task | undefined> {
    return (await this.#open()).tasks.get(taskId);
  }

  async getTasks(query: TaskQuery = {}): Promise<readonly Task[]> {
    await this.#open();
    return this.#store.tasks(this.namespace, query);
  }

  /** Called with every message once it is accepted. */
  addMessageCallback(callback: (message: Message) => void): Disposable {
    return this.#events.add((event) => {
      if (event.kind === "message.accepted") callback(event.message);
    });
  }

  /** Called with every change of what we see of an agent. */
  addStateCallback(callback: (change: requests.StateEvent) => void): Disposable {
    return this.#events.add((event) => {
      if (event.kind !== "agent.state") return;
      const record = this.#runtime?.context.registry.get(event.change.agentId);
      if (this.#runtime === undefined || record === undefined) return;
      callback({ agent: this.#runtime.presence.view(record), previous: event.previous });
    });
  }

  /** Called with everything that happens. */
  onEvent(callback: (event: requests.CommunicationEvent) => void): Disposable {
    return this.#events.add(callback);
  }

  /** Everything known of the namespace; written to a file too when a path is given. */
  async exportCommunicationData(path?: string): Promise<CommunicationExport> {
    const agents = await this.getAllAgents();
    const document = await gatherExport(this.#store, this.namespace, agents, this.#clock.now());
    if (path !== undefined) await writeExport(path, document);
    return document;
  }

  async #open(): Promise<CommunicationRuntime> {
    if (this.#stopped) {
      const message = `Communication of namespace "${this.namespace}" is stopped`;
      throw new CommunicationError("communication.stopped", message);
    }
    if (this.#runtime !== undefined) return this.#runtime;
    this.#starting ??= this.#begin();
    return this.#starting;
  }

  async #begin(): Promise<CommunicationRuntime> {
    const runtime = new CommunicationRuntime({
      namespace: this.namespace,
      settings: this.settings,
      store: this.#store,
      clock: this.#clock,
      telemetry: this.#telemetry,
      log: this.#log,
      events: this.#events,
    });
    try {
      await runtime.start();
    } catch (error) {
      this.#starting = undefined;
      throw error;
    }
    this.#runtime = runtime;
    return runtime;
  }
}
