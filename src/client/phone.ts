// An agent's phone: everything it says to and hears from the server goes through one of these.

import type { BatchSender } from "./batch-sender.ts";
import type { Handler } from "./delivery.ts";
import { parseDuration } from "./duration.ts";
import type { Duration } from "./duration.ts";
import { clientError } from "./errors.ts";
import type { CellphoneClientError } from "./errors.ts";
import { GatewayLine } from "./gateway-line.ts";
import type { FetchOptions } from "./gateway-line.ts";
import { Inbox } from "./inbox.ts";
import type { Line } from "./line.ts";
import type { ClientLog } from "./log.ts";
import type { MetricSender } from "./metric-sender.ts";
import type { OrderListeners } from "./order-listeners.ts";
import type { ProfileTaker } from "./profile-taker.ts";
import { RequestDesk } from "./request-desk.ts";
import type { CallContext, Runtime } from "./runtime.ts";
import { messageBody } from "./send-options.ts";
import type { SendOptions } from "./send-options.ts";
import type { Session } from "./session.ts";
import { Tracer } from "./span.ts";
import type { OutgoingSpan, Span, SpanOptions } from "./span.ts";
import { parseTraceparent } from "./trace.ts";
import type { CallOptions, Transport } from "./transport.ts";
import type {
  AgentStatus,
  AgentView,
  JsonObject,
  JsonValue,
  Message,
  MessagePriority,
  SendReceipt,
} from "./wire.ts";
import { runWork, startWork } from "./work.ts";
import type { Work, WorkOptions } from "./work.ts";

/** The longest that setInterval() takes. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** How to ask and wait. */
export interface RequestOptions extends SendOptions {
  /** How long to wait for the reply. @default "5m" */
  readonly timeout?: Duration;
}

/** How to close. */
export interface CloseOptions {
  /** How long running handlers may go on before their messages are handed back. @default "10s" */
  readonly drain?: Duration;
}

/** The parts a {@link Phone} is made of; `connect()` makes them. */
export interface PhoneParts {
  readonly transport: Transport;
  readonly session: Session;
  readonly metrics: MetricSender;
  readonly spans: BatchSender<OutgoingSpan>;
  readonly profiles: ProfileTaker;
  readonly orders: OrderListeners;
  readonly runtime: Runtime;
  readonly log: ClientLog;
  readonly concurrency: number;
  readonly pollMs: number;
}

/**
 * One agent on the line. Made by `connect()`.
 *
 * @example needs a server
 * const phone = await connect({ name: "counter", capabilities: ["count-words"] });
 * phone.on<{ text: string }>("task_assignment", async (message) => {
 *   return { words: message.payload.text.split(/\s+/).length };
 * });
 * await phone.run();
 */
export class Phone implements AsyncDisposable {
  readonly #parts: PhoneParts;
  readonly #requests: RequestDesk;
  readonly #inbox: Inbox;
  readonly #tracer: Tracer;
  readonly #gateway: GatewayLine;
  readonly #openWork = new Set<string>();
  readonly #ended: Promise<void>;
  readonly #forgetExit: () => void;
  #end: (error?: CellphoneClientError) => void = () => undefined;
  #closing: Promise<void> | undefined;
  #closed = false;

  constructor(parts: PhoneParts) {
    this.#parts = parts;
    const { session, spans, transport } = parts;
    this.#requests = new RequestDesk(transport);
    this.#tracer = new Tracer(parts.runtime, (span) => spans.add(span));
    this.#gateway = new GatewayLine({
      transport,
      gatewayUrl: () => session.gatewayUrl,
      askAgain: () => session.findGateway(),
    });
    this.#inbox = new Inbox({
      ...parts,
      agentId: session.agentId,
      line: this.#line,
      reply: (message, payload, options) => this.#reply(message, payload, options),
      isAwaitedReply: (message) => this.#requests.isReply(message),
      onTaken: () => session.wake(),
      onRefused: (error) => session.recover(error),
    });
    this.#ended = new Promise((resolve, reject) => {
      this.#end = (error) => (error === undefined ? resolve() : reject(error));
    });
    this.#ended.catch(() => undefined);
    this.#forgetExit = parts.runtime.beforeExit(() => void this.close());
  }

  /** The agent's id: its name. */
  get agentId(): string {
    return this.#parts.session.agentId;
  }

  get namespace(): string {
    return this.#parts.session.namespace;
  }

  /** The server's address. */
  get url(): string {
    return this.#parts.transport.baseUrl;
  }

  /** True while whoever runs the fleet has paused this agent: its inbox hands out nothing. */
  get paused(): boolean {
    return this.#parts.session.paused;
  }

  /** True while whoever runs the fleet has quarantined this agent: what it sends is refused. */
  get quarantined(): boolean {
    return this.#parts.session.quarantined;
  }

  /** Samples waiting to be sent, and samples given up since the start. */
  get metrics(): { readonly waiting: number; readonly shed: number } {
    return this.#parts.metrics.counts;
  }

  /** Leases held now; the heartbeat extends them. */
  get held(): { readonly tokens: readonly string[]; readonly leaseMs: number } {
    return this.#inbox.held;
  }

  /**
   * Records a value; sent with others within a second. Never waits, and keeps copies of what it is
   * given. Inside a handler or span it keeps the trace's id among its metadata.
   * @param context becomes labels: few values each (`{ operation: "index" }`)
   * @param metadata kept with the sample, never a label
   * @throws RangeError when the value is not finite.
   */
  record(metric: string, value: number, context?: JsonObject, metadata?: JsonObject): void {
    if (this.#closed) throw clientError("client.closed", "The phone is closed");
    const { traceId } = parseTraceparent(this.#tracer.context()?.traceparent) ?? {};
    const traced = traceId === undefined ? metadata : { traceId, ...metadata };
    this.#parts.metrics.record(metric, value, context, traced);
  }

  /**
   * Times a step: it ends with its scope (`using`), and what begins meanwhile is part of it. In
   * branches that run side by side, pass `body` instead, which keeps them apart everywhere.
   * @throws TypeError when the name is empty.
   */
  span(name: string, options?: SpanOptions): Span;
  /** Runs `body` as a span: its exception makes the span fail, and goes on. */
  span<Result>(
    name: string,
    options: SpanOptions,
    body: (span: Span) => Result,
  ): Promise<Awaited<Result>>;
  span<Result>(
    name: string,
    options: SpanOptions = {},
    body?: (span: Span) => Result,
  ): Span | Promise<Awaited<Result>> {
    if (body === undefined) return this.#tracer.begin(name, options);
    return this.#tracer.run(name, options, body);
  }

  /**
   * Calls a service through the gateway, with this agent's key and in the current trace:
   * `phone.fetch("/v1/search?q=x")`. What the service answers, whatever its status, is the result;
   * a body that streams stays a stream.
   * @throws CellphoneClientError with the gateway's code when the gateway itself refuses:
   *   `gateway.rate_limited` with `retryAfterMs`, `gateway.agent_paused`, ….
   */
  async fetch(path: string, options: FetchOptions = {}): Promise<Response> {
    return this.#fetch(path, options, undefined);
  }

  /** Sends a message; resolves once the server has it on disk. */
  async send(
    to: string,
    type: string,
    payload?: unknown,
    options: SendOptions = {},
  ): Promise<SendReceipt> {
    const context = this.#tracer.context();
    const body = messageBody(to, type, payload, options, context);
    return this.call("POST", "/api/v1/messages", {
      body: { ...this.#parts.session.senderFields, ...body },
      signal: options.signal,
    });
  }

  /**
   * Sends a message and waits for its reply.
   * @throws CellphoneClientError `client.reply_timeout`; `client.request_failed` as soon as the
   *   request is a dead letter.
   */
  async request<Payload = JsonValue>(
    to: string,
    type: string,
    payload?: unknown,
    options: RequestOptions = {},
  ): Promise<Message<Payload>> {
    const timeoutMs = parseDuration(options.timeout ?? "5m");
    const untilMs = performance.now() + timeoutMs;
    const { messageId } = await this.send(to, type, payload, { ...options, expectReply: true });
    const reply = await this.#requests.wait(messageId, untilMs, options.signal);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the caller states the shape
    return reply as Message<Payload>;
  }

  /** Sends to every agent, or to those with a capability or of a kind; never to itself. */
  async broadcast(
    type: string,
    payload?: unknown,
    options: {
      readonly priority?: MessagePriority;
      readonly capability?: string;
      readonly kind?: string;
    } = {},
  ): Promise<{ readonly messageId: string; readonly recipients: readonly string[] }> {
    const body = {
      ...this.#parts.session.senderFields,
      type,
      payload: payload ?? null,
      ...options,
    };
    return this.call("POST", "/api/v1/broadcasts", { body, repeatable: false });
  }

  /** Agents with a capability: online ones first, the least loaded of them first. */
  async find(capability: string): Promise<readonly AgentView[]> {
    const path = `/api/v1/agents?capability=${encodeURIComponent(capability)}`;
    return (await this.call<{ readonly agents: readonly AgentView[] }>("GET", path)).agents;
  }

  /**
   * Handles messages of a type; `"*"` handles those no other handler takes. The first call starts
   * claiming, in the next turn of the event loop. While there is no handler, mail waits.
   * @returns a function that takes the handler away
   * @throws TypeError when the type has a handler already.
   */
  on<Payload = JsonValue>(type: string, handler: Handler<Payload>): () => void {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the caller states the shape
    return this.#inbox.on(type, handler as Handler);
  }

  /** Starts a piece of work that shows on the dashboard; see {@link Work}. */
  work(title: string, options?: WorkOptions): Promise<Work>;
  /**
   * Runs `body` as a piece of work: its return completes it, its exception fails it. Either is the
   * caller's, also when the server cannot be told; that is logged.
   */
  work<Result>(
    title: string,
    options: WorkOptions,
    body: (work: Work) => Result,
  ): Promise<Awaited<Result>>;
  async work<Result>(
    title: string,
    options: WorkOptions = {},
    body?: (work: Work) => Result,
  ): Promise<Work | Awaited<Result>> {
    const { transport, session } = this.#parts;
    const context = this.#tracer.context();
    const parent = options.parent ?? context?.taskId;
    const work = await startWork(title, {
      ...options,
      ...(parent === undefined ? {} : { parent }),
      agentId: session.agentId,
      transport,
      known: this.#openWork,
      line: this.#line,
      context,
    });
    return body === undefined ? work : runWork(work, body, this.#parts);
  }

  /** Says how the agent is; shown beside what the server sees for itself. */
  async status(status: AgentStatus, note?: string): Promise<void> {
    const path = `/api/v1/agents/${encodeURIComponent(this.agentId)}`;
    await this.call("PATCH", path, { body: { status, ...(note === undefined ? {} : { note }) } });
  }

  /** Called with true when the agent is paused and false when it is resumed. */
  onPause(listener: (paused: boolean) => void): () => void {
    return this.#parts.orders.onPause(listener);
  }

  /**
   * Called when a restart is asked for, once the server knows that it has arrived: the listener may
   * end the process. Without a listener, that is left to `cellphone run`.
   */
  onRestart(listener: () => void): () => void {
    return this.#parts.orders.onRestart(listener);
  }

  /** Any call of the server's API, with this agent's key and the client's retries. */
  async call<Answer>(method: string, path: string, options: CallOptions = {}): Promise<Answer> {
    if (this.#closed) throw clientError("client.closed", `The phone is closed: ${method} ${path}`);
    return this.#parts.transport.call<Answer>(method, path, options);
  }

  /**
   * Resolves when the phone is closed; in Node, SIGINT and SIGTERM close it.
   * @throws CellphoneClientError when the identity is lost, because another process took the name
   *   over or the key was revoked.
   */
  async run(options: CloseOptions = {}): Promise<void> {
    const forget = this.#parts.runtime.onStopSignal(() => {
      // A second signal then ends the process the default way.
      forget();
      void this.close(options);
    });
    // While all handlers wait for something that never comes, nothing else keeps Node going: the
    // phone would leave, and nobody would see that it is stuck.
    const alive = setInterval(() => undefined, LONGEST_TIMER_MS);
    try {
      await this.#ended;
    } finally {
      clearInterval(alive);
      forget();
    }
  }

  /**
   * Claims nothing more, lets handlers end, sends what is recorded, and leaves. In a handler it
   * resolves at once, because it waits for handlers.
   */
  close(options: CloseOptions = {}): Promise<void> {
    this.#closing ??= this.#close(parseDuration(options.drain ?? "10s"));
    return this.#parts.runtime.context()?.inHandler === true ? Promise.resolve() : this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(drainMs: number): Promise<void> {
    const { session, metrics, spans, profiles, log } = this.#parts;
    this.#forgetExit();
    await this.#inbox.close(drainMs);
    this.#requests.close();
    this.#closed = true;
    await Promise.all([metrics.close(), spans.close(), profiles.close()]);
    await session.close().catch((error: Error) => log.warn(`Leaving unnoticed: ${error.message}`));
    this.#end();
  }

  /** The server says this is no longer our name. */
  async lose(error: CellphoneClientError): Promise<void> {
    this.#parts.log.error(`${this.agentId} stops: ${error.message}. ${error.remedy}`.trim());
    this.#end(error);
    await this.close({ drain: 0 });
  }

  /** How handlers and pieces of work begin spans and call services, in the trace they belong to. */
  get #line(): Line {
    return {
      begin: (name, options, context) => this.#tracer.begin(name, options, context),
      run: (name, options, body, context) => this.#tracer.run(name, options, body, context),
      fetch: (path, options, context) => this.#fetch(path, options, context),
    };
  }

  #fetch(path: string, options: FetchOptions, fallback: CallContext | undefined) {
    if (this.#closed) {
      return Promise.reject(clientError("client.closed", `The phone is closed: ${path}`));
    }
    return this.#gateway.fetch(path, options, this.#tracer.surroundings(fallback));
  }

  async #reply(
    message: Message,
    payload: unknown,
    options: SendOptions = {},
  ): Promise<SendReceipt> {
    // `type` is a reply's own option, absent from a send's.
    const { type = "direct", ...rest } = options as SendOptions & { readonly type?: string };
    return this.send(message.senderId, type, payload, {
      conversationId: message.conversationId,
      ...rest,
      replyToId: message.id,
    });
  }
}
