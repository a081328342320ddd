// The pages and their addresses.

/** What an address shows. */
export type Route =
  | { readonly page: "overview" }
  | { readonly page: "sign-in" }
  | { readonly page: "agents" }
  | { readonly page: "agent"; readonly agentId: string }
  | { readonly page: "conversations"; readonly conversationId: string | null }
  | { readonly page: "services" }
  | { readonly page: "service"; readonly serviceId: string }
  | { readonly page: "calls" }
  | { readonly page: "alerts"; readonly alertId: string | null }
  | { readonly page: "metrics" }
  | { readonly page: "history" }
  | { readonly page: "trace"; readonly traceId: string }
  | { readonly page: "connect" }
  | { readonly page: "unknown"; readonly path: string };

/** Pages whose address is one word and their own name. */
const PLAIN_PAGES = ["agents", "services", "calls", "metrics", "history", "connect"] as const;

/** Reads a path; ids are percent-decoded. */
export function parseRoute(path: string): Route {
  const parts = path.split("/").filter(Boolean);
  const [first, second] = parts;
  if (parts.length === 0) return { page: "overview" };
  if (parts.length === 1) {
    const plain = PLAIN_PAGES.find((page) => page === first);
    if (plain !== undefined) return { page: plain };
    if (first === "in") return { page: "sign-in" };
    if (first === "alerts") return { page: "alerts", alertId: null };
    if (first === "conversations") return { page: "conversations", conversationId: null };
  }
  const id = second === undefined ? undefined : decode(second);
  const detail = parts.length === 2 && id !== undefined ? parseDetail(first, id) : undefined;
  return detail ?? { page: "unknown", path };
}

function parseDetail(first: string | undefined, id: string): Route | undefined {
  if (first === "agents") return { page: "agent", agentId: id };
  if (first === "services") return { page: "service", serviceId: id };
  if (first === "alerts") return { page: "alerts", alertId: id };
  if (first === "conversations") return { page: "conversations", conversationId: id };
  return first === "trace" ? { page: "trace", traceId: id } : undefined;
}

function decode(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

/** Address of an agent's page. */
export function agentPath(agentId: string): string {
  return `/agents/${encodeURIComponent(agentId)}`;
}

/** Address of a service's page. */
export function servicePath(serviceId: string): string {
  return `/services/${encodeURIComponent(serviceId)}`;
}

/** Address of one alert. */
export function alertPath(alertId: string): string {
  return `/alerts/${encodeURIComponent(alertId)}`;
}

/** Address of a trace. */
export function tracePath(traceId: string): string {
  return `/trace/${encodeURIComponent(traceId)}`;
}

/** Address of a conversation. */
export function conversationPath(conversationId: string): string {
  return `/conversations/${encodeURIComponent(conversationId)}`;
}

/**
 * Where a fresh session goes: to the page that was asked for (`?next=`), if it is one of ours, or
 * to the overview, keeping the namespace and range of the link.
 */
export function afterSignIn(query: URLSearchParams): string {
  const next = query.get("next") ?? "";
  // Parsed against a host that nobody has: whatever leads elsewhere shows.
  const base = "http://pages.invalid";
  const url = URL.canParse(next, base) ? new URL(next, base) : undefined;
  if (next !== "" && url?.origin === base) {
    const { page } = parseRoute(url.pathname);
    if (page !== "unknown" && page !== "sign-in") return url.pathname + url.search;
  }
  return keepQuery("/", query);
}

/** Query parameters that go along from page to page: the namespace and the time range. */
const KEPT_PARAMETERS = ["ns", "range", "from", "to"];

/** An address that keeps the namespace and time range of the current one. */
export function keepQuery(
  path: string,
  current: URLSearchParams,
  own: Readonly<Record<string, string>> = {},
): string {
  const query = new URLSearchParams(own);
  for (const name of KEPT_PARAMETERS) {
    const value = current.get(name);
    if (value !== null) query.set(name, value);
  }
  const text = query.toString();
  return text === "" ? path : `${path}?${text}`;
}
