// What went wrong with an upstream, in words people can act on. They are told to whoever called, so
// they hold no address: where a service runs is for admins, who find it in the call's record.

import type { CellphoneError } from "../core/index.ts";

import { GatewayError } from "./errors.ts";
import type { GatewayErrorCode } from "./errors.ts";

/** Codes of the system and of undici, to ours. */
const CODES: Readonly<Record<string, readonly [GatewayErrorCode, string]>> = {
  ECONNREFUSED: ["gateway.upstream_unreachable", "connection refused"],
  ENOTFOUND: ["gateway.upstream_unreachable", "its host name is not known"],
  EAI_AGAIN: ["gateway.upstream_unreachable", "its host name could not be looked up"],
  EHOSTUNREACH: ["gateway.upstream_unreachable", "its host cannot be reached"],
  ENETUNREACH: ["gateway.upstream_unreachable", "its network cannot be reached"],
  EADDRNOTAVAIL: ["gateway.upstream_unreachable", "no local port is free to connect from"],
  EMFILE: ["gateway.upstream_unreachable", "this process has no file descriptor left"],
  ERR_TLS_CERT_ALTNAME_INVALID: [
    "gateway.upstream_untrusted",
    "TLS: its certificate is for another host",
  ],
  ETIMEDOUT: ["gateway.upstream_timeout", "the connection timed out"],
  UND_ERR_CONNECT_TIMEOUT: ["gateway.upstream_timeout", "it accepted no connection in time"],
  UND_ERR_HEADERS_OVERFLOW: ["gateway.upstream_head_too_large", "its headers are too large"],
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: [
    "gateway.upstream_broken",
    "it sent another length than it said",
  ],
  UND_ERR_SOCKET: ["gateway.upstream_broken", "it closed the connection"],
  // undici trusts a status to have three digits that mean something.
  ERR_ASSERTION: ["gateway.upstream_broken", "its answer is no HTTP (its status)"],
  ECONNRESET: ["gateway.upstream_broken", "it reset the connection"],
  EPIPE: ["gateway.upstream_broken", "it closed the connection"],
  UND_ERR_DESTROYED: ["gateway.closed", "its connections were closed from here"],
  UND_ERR_CLOSED: ["gateway.closed", "its connections were closed from here"],
};

/** Codes of certificates that do not prove who answers (OpenSSL's X509_V_ERR, and node's own). */
const UNTRUSTED =
  /^(?:ERR_TLS_CERT_|CERT_|CRL_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|INVALID_|PATH_LENGTH_|HOSTNAME_)/;

/** An error whose words follow `Service "x":`. */
export interface UpstreamFailure {
  readonly code: GatewayErrorCode;
  readonly words: string;
}

/** What an error of a connection means. */
export function describeUpstreamError(error: unknown): UpstreamFailure {
  const first = firstCause(error);
  const code = errorCode(first);
  if (code.startsWith("HPE_") || first.name === "HTTPParserError") {
    if (code === "HPE_INVALID_EOF_STATE" || first.message.includes("EOF")) {
      return { code: "gateway.upstream_broken", words: "it closed the connection" };
    }
    return { code: "gateway.upstream_broken", words: `its answer is no HTTP (${first.message})` };
  }
  const known = CODES[code];
  if (known !== undefined) return { code: known[0], words: known[1] };
  if (UNTRUSTED.test(code)) {
    return { code: "gateway.upstream_untrusted", words: `TLS: ${tlsReasonOf(first)}` };
  }
  if (/^ERR_(?:TLS|SSL)/.test(code)) {
    return { code: "gateway.upstream_unreachable", words: `TLS: ${tlsReasonOf(first)}` };
  }
  // The system's own words name the address.
  const words = "syscall" in first ? `${String(first.syscall)} failed (${code})` : first.message;
  return { code: "gateway.upstream_broken", words };
}

/** The error to answer with. */
export function upstreamError(
  serviceId: string,
  failure: UpstreamFailure,
  cause?: unknown,
): CellphoneError {
  const message = `Service "${serviceId}": ${failure.words}`;
  return new GatewayError(failure.code, message, { cause, details: { serviceId } });
}

/** The service did not begin its answer in time. */
export function upstreamTooSlow(serviceId: string, seconds: number): GatewayError {
  const message = `Service "${serviceId}" did not begin to answer within ${seconds} s`;
  return new GatewayError("gateway.upstream_timeout", message, { details: { serviceId } });
}

/** The service has as many calls as it may have. */
export function serviceBusy(serviceId: string, words: string): GatewayError {
  const message = `Service "${serviceId}" has all the calls it may have: ${words}`;
  const details = { serviceId };
  return new GatewayError("gateway.service_busy", message, { details, retryAfterSeconds: 1 });
}

/** The caller did not send its body in time. */
export function bodyTooSlow(seconds: number): GatewayError {
  const message = `The body did not arrive: nothing came for ${seconds} s`;
  return new GatewayError("gateway.request_too_slow", message);
}

function firstCause(error: unknown): Error {
  // Several addresses of one name were tried: the first says most.
  if (error instanceof AggregateError && error.errors[0] instanceof Error) return error.errors[0];
  return error instanceof Error ? error : new Error(String(error));
}

/**
 * OpenSSL's messages hold addresses and lines of its source; its reason is what people look for.
 * Node's advice after it is for whoever starts a program, which our remedy names.
 */
function tlsReasonOf(error: Error): string {
  const hasReason = "reason" in error && typeof error.reason === "string";
  const words = hasReason ? String(error.reason) : error.message;
  return words.split("; if the root CA", 1)[0] ?? words;
}

/** Its code, of the system or of undici; empty without one. */
export function errorCode(error: Error): string {
  return "code" in error && typeof error.code === "string" ? error.code : "";
}
