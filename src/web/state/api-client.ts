// Calls to the control plane with the namespace of this page, and its errors as one class.

/** An answer that says no, with the server's words and remedy. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly remedy: string;

  constructor(status: number, code: string, detail: string, remedy: string) {
    super(detail);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.remedy = remedy;
  }

  /** True when there was no answer at all. */
  get unreachable(): boolean {
    return this.status === 0;
  }
}

/** Query parameters; absent ones are left out. */
export type ApiQuery = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** What a client needs to know. */
export interface ApiClientOptions {
  /** Namespace of this page; undefined for the server's default. */
  readonly namespace: () => string | undefined;
  /** Called when the session is missing or over. */
  readonly onSignedOut: () => void;
}

/** A JSON client for the control plane on this page's origin. */
export class ApiClient {
  readonly #options: ApiClientOptions;

  constructor(options: ApiClientOptions) {
    this.#options = options;
  }

  get<Answer>(path: string, query: ApiQuery = {}, signal?: AbortSignal): Promise<Answer> {
    return this.#call<Answer>("GET", withQuery(path, query), undefined, signal);
  }

  post<Answer>(path: string, body: unknown = {}): Promise<Answer> {
    return this.#call<Answer>("POST", path, body);
  }

  put<Answer>(path: string, body: unknown): Promise<Answer> {
    return this.#call<Answer>("PUT", path, body);
  }

  patch<Answer>(path: string, body: unknown): Promise<Answer> {
    return this.#call<Answer>("PATCH", path, body);
  }

  delete<Answer>(path: string, query: ApiQuery = {}): Promise<Answer> {
    return this.#call<Answer>("DELETE", withQuery(path, query));
  }

  async #call<Answer>(
    method: string,
    url: string,
    body?: unknown,
    signal?: AbortSignal,
  ): Promise<Answer> {
    const headers: Record<string, string> = { accept: "application/json" };
    const namespace = this.#options.namespace();
    if (namespace !== undefined) headers["x-cellphone-namespace"] = namespace;
    const request: RequestInit = { method, headers, credentials: "same-origin" };
    if (body !== undefined) {
      headers["content-type"] = "application/json";
      request.body = JSON.stringify(body);
    }
    if (signal !== undefined) request.signal = signal;
    const response = await fetch(url, request).catch((error: unknown) => {
      if (signal?.aborted === true) throw error;
      throw new ApiError(0, "unreachable", "The server does not answer.", "Start the server.");
    });
    if (response.ok) return await readAnswer<Answer>(response);
    const problem = await readProblem(response);
    // A wrong login code is an answer to read, not the end of a session.
    if (response.status === 401 && !url.startsWith("/in")) this.#options.onSignedOut();
    throw problem;
  }
}

async function readAnswer<Answer>(response: Response): Promise<Answer> {
  const text = await response.text();
  // The contract of the route; its types are shared with the server.
  const answer: Answer = JSON.parse(text === "" ? "null" : text);
  return answer;
}

async function readProblem(response: Response): Promise<ApiError> {
  const fallback = `The server answered ${response.status}.`;
  const body: unknown = await response.json().catch(() => null);
  const problem = typeof body === "object" && body !== null ? body : {};
  return new ApiError(
    response.status,
    textField(problem, "code", "unknown"),
    textField(problem, "detail", textField(problem, "title", fallback)),
    textField(problem, "remedy", ""),
  );
}

function textField(value: object, name: string, fallback: string): string {
  const field: unknown = Reflect.get(value, name);
  return typeof field === "string" ? field : fallback;
}

function withQuery(path: string, query: ApiQuery): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined) parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text === "" ? path : `${path}?${text}`;
}
