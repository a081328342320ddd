// From a request to a caller: where the secret is found, and which requests are refused before
// anybody asks who is calling (DNS rebinding, other sites' pages).

import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";

import { DEFAULT_NAMESPACE } from "../core/index.ts";
import type { Principal } from "../core/index.ts";
import { SecurityError } from "../security/index.ts";
import type { Credential, IdentityService } from "../security/index.ts";

import { ServerError } from "./errors.ts";

/** Name of the browser's session cookie. */
export const SESSION_COOKIE = "cellphone_session";

/** A caller, and the credential it used. */
export interface Caller {
  readonly principal: Principal;
  readonly credential: Credential | null;
}

const LOCAL: Caller = {
  principal: { kind: "admin", id: "local", namespace: DEFAULT_NAMESPACE, via: "socket" },
  credential: null,
};

/** Nobody: no key was given. The id is the address, so that refusals can be told apart. */
export function anonymousCaller(address: string): Caller {
  return {
    principal: { kind: "anonymous", id: address, namespace: DEFAULT_NAMESPACE, via: "none" },
    credential: null,
  };
}

/**
 * Finds out who is calling.
 * @param fromSocket whether the request came in on the control socket.
 * @throws SecurityError for a secret that does not count, or a change another site's page asks for.
 */
export function authenticate(
  request: IncomingMessage,
  identities: IdentityService,
  fromSocket: boolean,
): Caller {
  if (fromSocket) return LOCAL;
  const address = request.socket.remoteAddress ?? "unknown";
  const key = keyOf(request);
  if (key !== undefined) return identities.authenticate(key);
  const cookie = cookieOf(request, SESSION_COOKIE);
  if (cookie === undefined) return anonymousCaller(address);
  const caller = identities.authenticate(cookie);
  if (!isSafe(request.method ?? "GET")) refuseCrossSite(request, true);
  return caller;
}

/**
 * Refuses a request that a browser sent from another site's page.
 * @param strict also refuse when the browser says nothing about where the request comes from.
 * @throws SecurityError `security.cross_site`
 */
export function refuseCrossSite(request: IncomingMessage, strict: boolean): void {
  const site = request.headers["sec-fetch-site"];
  const { origin, host } = request.headers;
  const silent = site === undefined && origin === undefined;
  if (silent && !strict) return;
  const siteFits = site === undefined || site === "same-origin";
  const originFits = origin === undefined || hostOf(origin) === host?.toLowerCase();
  if (!silent && siteFits && originFits) return;
  const from = silent ? "an unknown page" : (origin ?? `a ${String(site)} page`);
  throw new SecurityError("security.cross_site", `A change asked for by ${from} is refused`);
}

/**
 * Refuses Host headers that name neither this machine nor a configured host: a page elsewhere
 * whose name was re-pointed here (DNS rebinding) would otherwise count as ours. Bare addresses
 * cannot be rebound.
 * @throws ServerError `server.host_refused`
 */
export function checkHost(host: string | undefined, trustedHosts: ReadonlySet<string>): void {
  if (host === undefined) return; // HTTP/1.0: no browser sends that
  const name = hostNameOf(host);
  const trusted =
    name === "localhost" ||
    name.endsWith(".localhost") ||
    isIP(name.replace(/^\[(.*)\]$/, "$1")) !== 0 ||
    trustedHosts.has(name);
  if (trusted) return;
  const message = `The server does not answer for the host "${name.slice(0, 253)}"`;
  throw new ServerError("server.host_refused", message);
}

/** Parses the list of trusted hosts in the configuration. */
export function parseTrustedHosts(list: string): ReadonlySet<string> {
  const names = list.split(",").map((name) => name.trim().toLowerCase());
  return new Set(names.filter((name) => name !== ""));
}

/** The Set-Cookie value that signs a browser in; with an empty secret, out. */
export function sessionCookie(secret: string, maxAgeSeconds: number, secure: boolean): string {
  const parts = [`${SESSION_COOKIE}=${secret}`, "Path=/", "HttpOnly", "SameSite=Strict"];
  parts.push(`Max-Age=${maxAgeSeconds}`);
  if (secure) parts.push("Secure");
  return parts.join("; ");
}

function keyOf(request: IncomingMessage): string | undefined {
  const own = request.headers["x-cellphone-key"];
  if (typeof own === "string" && own !== "") return own.trim();
  const [scheme = "", value = ""] = (request.headers.authorization ?? "").trim().split(/\s+/);
  if (scheme.toLowerCase() === "bearer" && value !== "") return value;
  // `curl http://enrol_...@host/` sends the user part this way (RFC 7617).
  if (scheme.toLowerCase() === "basic") {
    const [user = "", password = ""] = Buffer.from(value, "base64").toString("utf8").split(":");
    return user === "" ? password || undefined : user;
  }
  return scheme === "" ? undefined : scheme;
}

function cookieOf(request: IncomingMessage, name: string): string | undefined {
  for (const pair of (request.headers.cookie ?? "").split(";")) {
    const [key, ...value] = pair.trim().split("=");
    if (key === name) return value.join("=") || undefined;
  }
  return undefined;
}

function isSafe(method: string): boolean {
  return method === "GET" || method === "HEAD" || method === "OPTIONS";
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host.toLowerCase() : undefined;
}

function hostNameOf(host: string): string {
  const bracketed = /^(\[[0-9a-f:.%]+\])(?::\d+)?$/i.exec(host);
  if (bracketed?.[1] !== undefined) return bracketed[1].toLowerCase();
  return host.replace(/:\d+$/, "").replace(/\.$/, "").toLowerCase();
}
