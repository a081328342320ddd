// The pages and their addresses.

/** What an address shows. */
export type Route =
  | { readonly page: "overview" }
  | { readonly page: "sign-in" }
  | { readonly page: "agents" }
  | { readonly page: "agent"; readonly agentId: string }
  | { readonly page: "conversations"; readonly conversationId: string | null }
  | { readonly page: "connect" }
  | { readonly page: "unknown"; readonly path: string };

/** Reads a path; ids are percent-decoded. */
export function parseRoute(path: string): Route {
  const parts = path.split("/").filter(Boolean);
  const [first, second] = parts;
  if (parts.length === 0) return { page: "overview" };
  if (parts.length === 1 && first === "in") return { page: "sign-in" };
  if (parts.length === 1 && first === "connect") return { page: "connect" };
  if (parts.length === 1 && first === "agents") return { page: "agents" };
  if (parts.length === 1 && first === "conversations") {
    return { page: "conversations", conversationId: null };
  }
  if (parts.length === 2 && second !== undefined) {
    const id = decode(second);
    if (first === "agents" && id !== undefined) return { page: "agent", agentId: id };
    if (first === "conversations" && id !== undefined) {
      return { page: "conversations", conversationId: id };
    }
  }
  return { page: "unknown", path };
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
