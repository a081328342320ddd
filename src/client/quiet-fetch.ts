// A call that may take long without keeping the process alive: an agent whose work is done ends,
// although a heartbeat of it is open. fetch cannot do that; node:http can.

/** The part of an answer that is used. */
export interface QuietAnswer {
  readonly ok: boolean;
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  text(): Promise<string>;
}

/** The part of a request that is used. */
export interface QuietRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

/** Like fetch, for small texts. */
export type QuietFetch = (url: string, request: QuietRequest) => Promise<QuietAnswer>;

interface Answer {
  readonly statusCode?: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  setEncoding(encoding: "utf8"): void;
  on(event: "data", listener: (chunk: string) => void): unknown;
  on(event: "end" | "aborted", listener: () => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
}

interface Request {
  on(event: "socket", listener: (socket: { unref(): void }) => void): unknown;
  on(event: "response", listener: (answer: Answer) => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
  end(body?: string): void;
}

/** The part of node:http and node:https used here, so that this compiles without Node's types. */
export interface HttpModule {
  readonly Agent: new (options: {
    readonly keepAlive: true;
    readonly maxSockets: number;
  }) => object;
  request(
    url: string,
    options: {
      readonly method: string;
      readonly headers: Readonly<Record<string, string | number>>;
      readonly signal: AbortSignal;
      readonly agent: object;
    },
  ): Request;
}

/** Where nothing better is known. */
export const plainFetch: QuietFetch = (url, request) => fetch(url, request);

/** One connection of its own, kept and used again. */
export function makeQuietFetch(http: HttpModule, https: HttpModule): QuietFetch {
  const agents = new Map<HttpModule, object>();
  const agentOf = (module: HttpModule): object => {
    const agent = agents.get(module) ?? new module.Agent({ keepAlive: true, maxSockets: 2 });
    agents.set(module, agent);
    return agent;
  };
  return (url, { method, headers, body = "", signal }) => {
    const module = url.startsWith("https:") ? https : http;
    const length = { "content-length": new TextEncoder().encode(body).length };
    return new Promise((resolve, reject) => {
      const request = module.request(url, {
        method,
        headers: { ...headers, ...length },
        signal,
        agent: agentOf(module),
      });
      request.on("socket", (socket) => socket.unref());
      request.on("error", reject);
      request.on("response", (answer) => {
        let text = "";
        answer.setEncoding("utf8");
        answer.on("data", (chunk) => (text += chunk));
        answer.on("error", reject);
        answer.on("end", () => resolve(readAnswer(answer, text)));
      });
      request.end(body);
    });
  };
}

function readAnswer(answer: Answer, text: string): QuietAnswer {
  const status = answer.statusCode ?? 0;
  return {
    ok: status >= 200 && status < 300,
    status,
    headers: {
      get(name) {
        const value = answer.headers[name];
        return typeof value === "string" ? value : null;
      },
    },
    text: () => Promise.resolve(text),
  };
}
