// One HTTP request to a receiver of notifications, with its outcome in words. Redirects are not
// followed: a receiver that moved is a setting to change, and following would carry alerts to
// wherever the answer points.

/** A request as it goes out. */
export interface OutgoingRequest {
  readonly url: string;
  readonly method: "GET" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** How a request ended. */
export type Outcome =
  | { readonly delivered: true; readonly status: number }
  | {
      readonly delivered: false;
      /** In words; without the URL, which may hold a secret. */
      readonly detail: string;
      /** False when the same request would fail again. */
      readonly retryable: boolean;
      /** True when any request would have failed: the receiver cannot be reached, or asks for rest. */
      readonly concernsAll: boolean;
      /** How long the receiver asks to be left alone; null when it does not say. */
      readonly retryAfterMs: number | null;
    };

/** Sends one request and waits for its status. Never throws. */
export async function sendRequest(request: OutgoingRequest): Promise<Outcome> {
  const timeout = AbortSignal.timeout(request.timeoutMs);
  try {
    const { address, headers } = withCredentials(request.url, request.headers);
    const response = await fetch(address, {
      method: request.method,
      headers,
      body: request.body,
      redirect: "manual",
      signal: AbortSignal.any([timeout, request.signal]),
    });
    await response.body?.cancel();
    return outcomeOf(response);
  } catch (error) {
    if (timeout.aborted) return failed(`no answer within ${request.timeoutMs / 1000} s`, false);
    if (request.signal.aborted) return failed("given up, because the server stops", false);
    return failed(wordsOf(error), !brokeOff(error));
  }
}

function outcomeOf(response: Response): Outcome {
  const { status } = response;
  if (response.ok) return { delivered: true, status };
  const location = response.headers.get("location");
  if (status >= 300 && status < 400 && location !== null) {
    const detail = `it answers ${status} and points elsewhere; redirects are not followed`;
    return { delivered: false, detail, retryable: false, concernsAll: false, retryAfterMs: null };
  }
  const retryable = status >= 500 || status === 429 || status === 408;
  const retryAfterMs = retryAfterOf(response.headers.get("retry-after"));
  const concernsAll = status === 429 || (status === 503 && retryAfterMs !== null);
  return { delivered: false, detail: `it answers ${status}`, retryable, concernsAll, retryAfterMs };
}

function failed(detail: string, concernsAll: boolean): Outcome {
  return { delivered: false, detail, retryable: true, concernsAll, retryAfterMs: null };
}

/** A connection that was there and broke may have broken over this very request. */
function brokeOff(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  return code === "ECONNRESET" || code === "EPIPE" || code === "UND_ERR_SOCKET";
}

/** Seconds, or a date, as RFC 9110 section 10.2.3 has it. */
function retryAfterOf(header: string | null): number | null {
  if (header === null) return null;
  const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds * 1000) : null;
}

/** fetch() refuses a user and a password in a URL; a header says the same. */
function withCredentials(
  address: string,
  headers: Readonly<Record<string, string>>,
): { readonly address: string; readonly headers: Readonly<Record<string, string>> } {
  const url = new URL(address);
  const { username, password } = url;
  if (username === "" && password === "") return { address, headers };
  url.username = "";
  url.password = "";
  const plain = `${decoded(username)}:${decoded(password)}`;
  const authorization = `Basic ${Buffer.from(plain).toString("base64")}`;
  return { address: url.href, headers: { ...headers, authorization } };
}

/** A lone % stands for itself: "50%off" is no escape, but may well be a password. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** fetch() says "fetch failed"; its cause says why. */
function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause instanceof AggregateError) return wordsOf(cause.errors[0]);
  return cause instanceof Error ? cause.message : error.message;
}
