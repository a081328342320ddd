// Every way the gateway can refuse or fail a call, with what to do about it.

import { CellphoneError } from "../core/index.ts";
import type { CellphoneErrorOptions, ErrorTable } from "../core/index.ts";

/** Error codes of the gateway. */
export const gatewayErrors = {
  "gateway.request_invalid": {
    status: 400,
    retryable: false,
    meaning: "The request cannot be understood",
    remedy: "Send one well-formed HTTP/1.1 request with one way of telling its body's length.",
  },
  "gateway.path_invalid": {
    status: 400,
    retryable: false,
    meaning: "The path cannot be used",
    remedy:
      "Send a path that starts with / and holds no encoded slash, backslash, NUL, control " +
      "character, fragment or .. segment.",
  },
  "gateway.route_unknown": {
    status: 404,
    retryable: false,
    meaning: "No service takes this path",
    remedy: "Call /<version>/<service>/...; `cellphone services` lists the paths there are.",
  },
  "gateway.namespace_unknown": {
    status: 404,
    retryable: false,
    meaning: "No such namespace",
    remedy: "Check x-cellphone-namespace; only an admin's key may name another namespace.",
  },
  "gateway.key_missing": {
    status: 401,
    retryable: false,
    meaning: "The call carries no key",
    remedy: "Send the agent's key as Authorization: Bearer, x-api-key or x-cellphone-key.",
  },
  "gateway.key_unknown": {
    status: 401,
    retryable: false,
    meaning: "The key is not known",
    remedy: "Check the key; it may have been revoked. Register the agent again to get a new one.",
  },
  "gateway.key_expired": {
    status: 401,
    retryable: false,
    meaning: "The key has expired",
    remedy: "Get a new key for the agent.",
  },
  "gateway.agent_paused": {
    status: 403,
    retryable: true,
    meaning: "The agent is paused",
    remedy: "Wait until a person resumes the agent; then the same call is served.",
  },
  "gateway.agent_quarantined": {
    status: 403,
    retryable: false,
    meaning: "The agent is in quarantine",
    remedy: "Ask whoever runs the fleet to release the agent.",
  },
  "gateway.rate_limited": {
    status: 429,
    retryable: true,
    meaning: "Too many calls",
    remedy: "Wait for the seconds Retry-After names; RateLimit-Policy says what is allowed.",
  },
  "gateway.too_many_calls": {
    status: 503,
    retryable: true,
    meaning: "Too many calls are under way",
    remedy: "Call again shortly, or raise gateway.maxConcurrentCalls.",
  },
  "gateway.service_busy": {
    status: 503,
    retryable: true,
    meaning: "The service has all the calls it may have",
    remedy:
      "Call again after the seconds Retry-After names; raise gateway.maxUpstreamConnections when " +
      "the service takes more at once, or gateway.maxConcurrentCalls.",
  },
  "gateway.body_too_large": {
    status: 413,
    retryable: false,
    meaning: "The body is too large",
    remedy: "Send less at once, or raise gateway.maxBodyBytes.",
  },
  "gateway.body_broken": {
    status: 400,
    retryable: true,
    meaning: "The call's body broke off",
    remedy: "Send the body to its end; the message says what the code that gives it threw.",
  },
  "gateway.head_too_large": {
    status: 431,
    retryable: false,
    meaning: "The call's headers are too large",
    remedy: "Send fewer or shorter headers, and a shorter path.",
  },
  "gateway.request_too_slow": {
    status: 408,
    retryable: true,
    meaning: "The call did not arrive in time",
    remedy: "Send headers and body without long pauses.",
  },
  "gateway.method_refused": {
    status: 405,
    retryable: false,
    meaning: "The gateway does not carry this method",
    remedy: "CONNECT and TRACE are not carried; use any other method.",
  },
  "gateway.answer_too_large": {
    status: 502,
    retryable: false,
    meaning: "The answer is too large to hold in memory",
    remedy: "Call over the network, where answers of any length are streamed.",
  },
  "gateway.loop_detected": {
    status: 508,
    retryable: false,
    meaning: "The call came round to the gateway that sent it",
    remedy: "Correct the base URL of the service: it must not lead to the gateway itself.",
  },
  "gateway.upstream_unreachable": {
    status: 502,
    retryable: true,
    meaning: "The service could not be reached",
    remedy: "Check that the service runs and that its base URL is right.",
  },
  "gateway.upstream_untrusted": {
    status: 502,
    retryable: false,
    meaning: "The service's certificate does not prove who it is",
    remedy:
      "Give the service a valid certificate for the host name in its base URL. For an authority of " +
      "your own, start the server with NODE_EXTRA_CA_CERTS=/path/to/authority.pem.",
  },
  "gateway.upstream_timeout": {
    status: 504,
    retryable: true,
    meaning: "The service did not answer in time",
    remedy: "Call again, or give the service a longer requestTimeoutMs.",
  },
  "gateway.upstream_broken": {
    status: 502,
    retryable: true,
    meaning: "The service's answer broke off or contradicted itself",
    remedy: "Look at the service's log: it closed the connection early or lied about a length.",
  },
  "gateway.upstream_head_too_large": {
    status: 502,
    retryable: false,
    meaning: "The head of the service's answer is too large",
    remedy: "Make the service send fewer or shorter headers.",
  },
  "gateway.no_endpoint": {
    status: 503,
    retryable: true,
    meaning: "The service has no endpoint that can be tried now",
    remedy: "See `cellphone services` for why its endpoints are out; call again in some seconds.",
  },
  "gateway.credential_missing": {
    status: 503,
    retryable: false,
    meaning: "The service's credential is not set",
    remedy: "Set the environment variable the message names where the server runs; restart it.",
  },
  "gateway.middleware_failed": {
    status: 500,
    retryable: false,
    meaning: "A middleware of the gateway threw",
    remedy: "Correct the middleware; the server's log says more under the call's id.",
  },
  "gateway.internal": {
    status: 500,
    retryable: false,
    meaning: "The gateway failed",
    remedy: "Look for the call's id in the server's log.",
  },
  "gateway.cut": {
    status: 503,
    retryable: true,
    meaning: "The call was broken off from here",
    remedy:
      "See whether the agent was paused or quarantined, its key expired or was revoked, its namespace " +
      "went, or the server is stopping.",
  },
  "gateway.closed": {
    status: 503,
    retryable: true,
    meaning: "The gateway is closed",
    remedy: "Call again once it is up.",
  },
  "gateway.port_in_use": {
    status: 503,
    retryable: false,
    meaning: "The gateway's port is taken",
    remedy: "Stop whatever listens there, or choose another gateway.port.",
  },
  "gateway.listen_failed": {
    status: 503,
    retryable: false,
    meaning: "The gateway cannot listen",
    remedy: "Check gateway.host and gateway.port.",
  },
  "gateway.service_unknown": {
    status: 404,
    retryable: false,
    meaning: "No such service",
    remedy: "Check the id (names like it are in the message), or register the service first.",
  },
  "gateway.service_invalid": {
    status: 400,
    retryable: false,
    meaning: "A service cannot be registered so",
    remedy: "Correct the field the message names.",
  },
  "gateway.url_invalid": {
    status: 400,
    retryable: false,
    meaning: "A URL cannot be used",
    remedy: "Give an absolute http or https URL without user, password, query and fragment.",
  },
  "gateway.limit_invalid": {
    status: 400,
    retryable: false,
    meaning: "A rate limit cannot be used",
    remedy:
      "Give requestsPerMinute from 0 (nothing passes) to 100,000,000 and a whole burst of at " +
      "least 1.",
  },
  "gateway.paths_clash": {
    status: 409,
    retryable: false,
    meaning: "Two services claim the same paths",
    remedy: "Change the paths of one of the two services the message names.",
  },
  "gateway.services_full": {
    status: 409,
    retryable: false,
    meaning: "The registry of services is full",
    remedy: "Unregister services that are gone, or raise gateway.maxServices.",
  },
  "gateway.call_unknown": {
    status: 404,
    retryable: false,
    meaning: "No such call",
    remedy: "Check the id; calls are forgotten beyond gateway.maxHistory.",
  },
  "gateway.argument_invalid": {
    status: 400,
    retryable: false,
    meaning: "An argument cannot be used",
    remedy: "Correct the argument the message names.",
  },
  "gateway.store_failed": {
    status: 503,
    retryable: true,
    meaning: "The change could not be stored, and did not happen",
    remedy: "Try again; check the disk if it goes on.",
  },
  "gateway.export_failed": {
    status: 500,
    retryable: false,
    meaning: "The export could not be written",
    remedy: "Choose a path in a folder that exists and can be written.",
  },
} as const satisfies ErrorTable;

/** A code of {@link gatewayErrors}. */
export type GatewayErrorCode = keyof typeof gatewayErrors;

/**
 * A refusal or failure of the gateway.
 * @example
 * const error = new GatewayError("gateway.service_unknown", 'No service "users"');
 * console.assert(error.status === 404);
 */
export class GatewayError extends CellphoneError {
  constructor(code: GatewayErrorCode, message: string, options: CellphoneErrorOptions = {}) {
    super(code, gatewayErrors[code], message, options);
  }
}
