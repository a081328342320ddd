// One call to the server: JSON in and out, problem+json to errors, tries again where that is safe.

import { backoffMs, parseRetryAfter } from "./backoff.ts";
import { letGo, sleep } from "./duration.ts";
import { CellphoneClientError, clientError } from "./errors.ts";
import { plainFetch } from "./quiet-fetch.ts";
import type { QuietAnswer, QuietFetch } from "./quiet-fetch.ts";

/** How to make one call. */
export interface CallOptions {
  readonly body?: unknown;
  /** Ends the call and its retries. */
  readonly signal?: AbortSignal | undefined;
  /** How long one try may take. @default 30000 */
  readonly timeoutMs?: number;
  /** How long to go on trying; 0 tries once. @default the transport's */
  readonly retryForMs?: number;
  /**
   * Whether the call may reach the server twice without harm. When false, a try whose answer got
   * lost is not repeated; one that surely did not arrive still is. @default true
   */
  readonly repeatable?: boolean;
  /** Calls with this key instead of the transport's. */
  readonly key?: string;
  /** Lets the process end meanwhile, where the runtime can. */
  readonly quiet?: boolean;
}

/** What a {@link Transport} needs. */
export interface TransportOptions {
  /** Without a trailing slash. */
  readonly baseUrl: string;
  readonly retryForMs: number;
  /** Told once when the server stops answering, and once when it answers again. */
  readonly onReachable?: (reachable: boolean, error?: CellphoneClientError) => void;
  /** How to call without keeping the process alive. @default fetch */
  readonly quietFetch?: QuietFetch;
}

/** Failures of connecting: the request cannot have been processed. */
const NOT_SENT = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** Calls the control plane of one server. */
export class Transport {
  readonly baseUrl: string;
  readonly #retryForMs: number;
  readonly #onReachable: NonNullable<TransportOptions["onReachable"]>;
  readonly #quietFetch: QuietFetch;
  readonly #headers: Record<string, string> = { accept: "application/json" };
  #reachable = true;
  /** Lost answers in a row; a single one is no news. */
  #lost = 0;

  constructor(options: TransportOptions) {
    this.baseUrl = options.baseUrl;
    this.#retryForMs = options.retryForMs;
    this.#onReachable = options.onReachable ?? (() => undefined);
    this.#quietFetch = options.quietFetch ?? plainFetch;
  }

  /** Sent with every call, the key among them. */
  get headers(): Readonly<Record<string, string>> {
    return { ...this.#headers };
  }

  /** Sends this header with every call from now on. */
  setHeader(name: string, value: string): void {
    this.#headers[name] = value;
  }

  /**
   * Calls and returns the answer's JSON; undefined for 204.
   * @throws CellphoneClientError with the server's code, or `client.unreachable`.
   */
  async call<Answer>(method: string, path: string, options: CallOptions = {}): Promise<Answer> {
    const untilMs = performance.now() + (options.retryForMs ?? this.#retryForMs);
    const body = options.body === undefined ? undefined : JSON.stringify(options.body);
    for (let failures = 1; ; failures++) {
      try {
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the path's shape by contract
        return (await this.#once(method, path, body, options)) as Answer;
      } catch (error) {
        if (!(error instanceof CellphoneClientError) || !mayRepeat(error, options)) throw error;
        const delayMs = backoffMs(failures, error.retryAfterMs);
        if (performance.now() + delayMs > untilMs) throw error;
        await sleep(delayMs, options.signal);
        if (options.signal?.aborted === true) throw error;
      }
    }
  }

  async #once(
    method: string,
    path: string,
    body: string | undefined,
    options: CallOptions,
  ): Promise<unknown> {
    // Node 18 has no AbortSignal.any: one controller gathers the timeout and the caller's signal.
    const controller = new AbortController();
    const cancel = (): void => controller.abort();
    if (options.signal?.aborted === true) cancel();
    options.signal?.addEventListener("abort", cancel, { once: true });
    const timer = setTimeout(cancel, options.timeoutMs ?? 30_000);
    if (options.quiet === true) letGo(timer);
    try {
      const type = body === undefined ? {} : { "content-type": "application/json" };
      const key = options.key === undefined ? {} : { authorization: `Bearer ${options.key}` };
      const send = options.quiet === true ? this.#quietFetch : plainFetch;
      const response = await send(this.baseUrl + path, {
        method,
        headers: { ...this.#headers, ...type, ...key },
        signal: controller.signal,
        ...(body === undefined ? {} : { body }),
      });
      const text = await response.text();
      this.#noteReachable(true);
      return readAnswer(response, text, `${method} ${path}`);
    } catch (cause) {
      if (cause instanceof CellphoneClientError) throw cause;
      const error = this.#unreachable(cause, options.signal?.aborted === true);
      if (options.signal?.aborted !== true) this.#noteReachable(false, error);
      throw error;
    } finally {
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", cancel);
    }
  }

  #unreachable(cause: unknown, aborted: boolean): CellphoneClientError {
    if (aborted) return clientError("client.closed", "The call was cancelled", cause);
    return clientError(
      "client.unreachable",
      `${this.baseUrl} does not answer: ${causeText(cause)}`,
      cause,
    );
  }

  #noteReachable(reachable: boolean, error?: CellphoneClientError): void {
    this.#lost = reachable ? 0 : this.#lost + 1;
    if (this.#reachable === reachable) return;
    if (error !== undefined && !wasNotSent(error) && this.#lost < 2) return;
    this.#reachable = reachable;
    this.#onReachable(reachable, error);
  }
}

function mayRepeat(error: CellphoneClientError, options: CallOptions): boolean {
  const mayPass = error.code === "client.unreachable" || isRetryableStatus(error.status);
  // Other errors marked retryable (a name in use) want something to change first: the caller's call.
  if (!mayPass || !error.retryable) return false;
  // 429 and 503 say that nothing was done.
  if (options.repeatable !== false || error.status === 429 || error.status === 503) return true;
  return error.code === "client.unreachable" && wasNotSent(error);
}

/** True when the request surely never reached the server. */
export function wasNotSent(error: CellphoneClientError): boolean {
  return NOT_SENT.has(causeCode(error.cause) ?? "");
}

/** True when what was to be sent is at fault: no JSON, too large. Trying again cannot help. */
export function isRefused(error: unknown): boolean {
  if (!(error instanceof CellphoneClientError)) return true;
  return error.status === 400 || error.status === 413 || error.status === 422;
}

/** fetch wraps the socket's error, possibly in an AggregateError of several addresses. */
function causeCode(cause: unknown): string | undefined {
  for (let depth = 0; depth < 4 && typeof cause === "object" && cause !== null; depth++) {
    if ("code" in cause && typeof cause.code === "string") return cause.code;
    cause = "cause" in cause ? cause.cause : undefined;
  }
  return undefined;
}

/** Why there was no answer, in a word or a sentence. */
export function causeText(cause: unknown): string {
  const code = causeCode(cause);
  if (cause instanceof Error && cause.name === "AbortError") return "no answer in time";
  return code ?? (cause instanceof Error ? cause.message : String(cause));
}

function readAnswer(response: QuietAnswer, text: string, call: string): unknown {
  if (!response.ok) throw problemError(response, text, call) ?? responseInvalid(response, call);
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch (cause) {
    throw responseInvalid(response, call, cause);
  }
}

/** The error a problem document stands for (RFC 9457); undefined when the text is none of ours. */
export function problemError(
  response: QuietAnswer,
  text: string,
  call: string,
): CellphoneClientError | undefined {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof answer !== "object" || answer === null || !("code" in answer)) return undefined;
  // RFC 9457 with our members; each is read defensively below.
  const problem = answer as Readonly<Record<string, unknown>>;
  const textOf = (key: string): string | undefined =>
    typeof problem[key] === "string" ? problem[key] : undefined;
  return new CellphoneClientError(
    textOf("detail") ?? textOf("title") ?? `${call} was answered with ${response.status}`,
    {
      code: textOf("code") ?? "client.response_invalid",
      status: response.status,
      remedy: textOf("remedy") ?? "",
      retryable: problem["retryable"] === true || isRetryableStatus(response.status),
      details: problem,
      retryAfterMs: parseRetryAfter(response.headers.get("retry-after"), Date.now()),
    },
  );
}

function isRetryableStatus(status: number): boolean {
  return status === 429 || status === 502 || status === 503 || status === 504;
}

function responseInvalid(
  response: QuietAnswer,
  call: string,
  cause?: unknown,
): CellphoneClientError {
  const base = clientError("client.response_invalid", "", cause);
  return new CellphoneClientError(
    `${call} was answered with ${response.status} and no JSON this client knows`,
    {
      code: base.code,
      status: response.status,
      remedy: base.remedy,
      // A proxy in between answers 502 to 504 with pages of its own while the server restarts.
      retryable: isRetryableStatus(response.status),
      retryAfterMs: parseRetryAfter(response.headers.get("retry-after"), Date.now()),
      cause,
    },
  );
}
