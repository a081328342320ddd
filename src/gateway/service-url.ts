// URLs that a gateway may be pointed at: http(s), nothing hidden in them, and not itself.

import { isIPv4 } from "node:net";
import { hostname, networkInterfaces } from "node:os";

import { canonicalisePath } from "./canonical-path.ts";
import { GatewayError } from "./errors.ts";

/**
 * A base URL in its normal form: without a slash at its end.
 * @throws GatewayError `gateway.url_invalid`.
 * @example
 * console.assert(baseUrlOf("HTTP://LocalHost:80/api/") === "http://localhost/api");
 */
export function baseUrlOf(text: unknown): string {
  const url = parse(text, "base URL");
  if (url.search !== "") throw unusable(String(text), "base URL", "has a query");
  const found = canonicalisePath(url.pathname);
  if (found.problem !== undefined) {
    throw unusable(String(text), "base URL", found.problem.replace(/^it /, ""));
  }
  return url.origin + found.path.replace(/\/+$/, "");
}

/**
 * A health check's URL: absolute, or a path below the base URL.
 * @throws GatewayError `gateway.url_invalid`.
 */
export function healthCheckUrlOf(text: unknown): string {
  if (typeof text !== "string" || !text.startsWith("/")) {
    return parse(text, "health check URL").href;
  }
  const found = canonicalisePath(text);
  if (found.problem !== undefined) {
    throw unusable(text, "health check URL", found.problem.replace(/^it /, ""));
  }
  return found.query === "" ? found.path : `${found.path}?${found.query}`;
}

/** The URL to ask for an endpoint's health. */
export function checkUrlOf(healthCheckUrl: string, baseUrl: string): string {
  return healthCheckUrl.startsWith("/") ? baseUrl + healthCheckUrl : healthCheckUrl;
}

/**
 * Whether a URL leads to one of this machine's own ports.
 * @param ports where the gateway listens.
 */
export function isOwnAddress(href: string, ports: ReadonlySet<number>): boolean {
  const url = new URL(href);
  const port = url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port);
  if (!ports.has(port)) return false;
  // A dot at the end makes a name absolute; it is the same name.
  const host = url.hostname.replace(/^\[|[\].]$/g, "").toLowerCase();
  if (host === "localhost" || host.endsWith(".localhost")) return true;
  if (host === hostname().toLowerCase()) return true;
  // "::ffff:7f" is how the URL standard writes 127.x.x.x mapped into IPv6.
  if (isIPv4(host) ? host.startsWith("127.") : host.startsWith("::ffff:7f")) return true;
  if (host === "::1" || host === "0.0.0.0" || host === "::") return true;
  return Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some(({ address }) => address.toLowerCase() === host),
  );
}

function parse(text: unknown, role: string): URL {
  if (typeof text !== "string") throw unusable(String(text), role, "is no text");
  // The URL standard drops or turns these without a word.
  if (/[\s\\]/.test(text)) throw unusable(text, role, "holds a space or a backslash");
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) throw unusable(text, role, "is no absolute URL");
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw unusable(text, role, `has the scheme ${url.protocol.slice(0, -1)}, not http or https`);
  }
  if (url.username !== "" || url.password !== "") {
    // Not repeated: it holds a secret.
    throw unusable(
      `${url.protocol}//…@${url.host}`,
      role,
      "has a user or password; set credential",
    );
  }
  if (text.includes("#")) throw unusable(text, role, "has a fragment");
  return url;
}

function unusable(text: string, role: string, why: string): GatewayError {
  const shown = text.length > 200 ? `${text.slice(0, 199)}…` : text;
  return new GatewayError("gateway.url_invalid", `The ${role} "${shown}" ${why}`);
}
