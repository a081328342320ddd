// What can go wrong at the edge, before or instead of a component's own errors.

import { CellphoneError } from "../core/index.ts";
import type { CellphoneErrorOptions, ErrorTable } from "../core/index.ts";

/** Errors of the control plane. */
export const serverErrors = {
  "server.port_taken": {
    status: 503,
    retryable: true,
    meaning: "The port is taken",
    remedy:
      "Stop whatever listens there (`ss -ltnp` names it), or choose another port with --port.",
  },
  "server.port_forbidden": {
    status: 503,
    retryable: false,
    meaning: "This user may not listen on the port",
    remedy: "Choose a port of 1024 or more with --port.",
  },
  "server.address_unavailable": {
    status: 503,
    retryable: false,
    meaning: "The address to listen on is not this machine's",
    remedy: "Use 127.0.0.1, 0.0.0.0, or an address that `ip address` lists.",
  },
  "server.insecure_binding": {
    status: 503,
    retryable: false,
    meaning: "Listening beyond loopback without TLS is refused",
    remedy:
      "Set server.tlsCert and server.tlsKey, or server.allowInsecure=true when the network itself " +
      "is private.",
  },
  "server.tls_unreadable": {
    status: 503,
    retryable: false,
    meaning: "The TLS certificate or key cannot be used",
    remedy: "Give the paths of both PEM files, readable by this user, that belong together.",
  },
  "server.socket_taken": {
    status: 503,
    retryable: true,
    meaning: "Another server answers on the control socket",
    remedy: "Stop the server that uses this data folder, or start with another --data folder.",
  },
  "server.socket_unusable": {
    status: 503,
    retryable: false,
    meaning: "The control socket cannot be made",
    remedy: "Use a data folder with a shorter path (107 bytes at most) on a local file system.",
  },
  "server.host_refused": {
    status: 421,
    retryable: false,
    meaning: "The Host header names a host this server does not answer for",
    remedy: "Use a loopback name or the bare address, or add the name to server.trustedHosts.",
  },
  "server.route_unknown": {
    status: 404,
    retryable: false,
    meaning: "There is nothing at this path",
    remedy: "See /api/docs for every path.",
  },
  "server.method_not_allowed": {
    status: 405,
    retryable: false,
    meaning: "This path does not take the method",
    remedy: "Use one of the methods in the Allow header.",
  },
  "server.input_invalid": {
    status: 400,
    retryable: false,
    meaning: "The request does not fit the contract",
    remedy: "Correct the fields listed in issues; /api/docs shows each route's fields.",
  },
  "server.json_malformed": {
    status: 400,
    retryable: false,
    meaning: "The body is not JSON",
    remedy: "Send one JSON object in UTF-8.",
  },
  "server.body_too_large": {
    status: 413,
    retryable: false,
    meaning: "The body is too large",
    remedy: "Send it in several requests.",
  },
  "server.media_type_unsupported": {
    status: 415,
    retryable: false,
    meaning: "The body's media type is not supported",
    remedy: 'Send JSON with the header "content-type: application/json".',
  },
  "server.request_malformed": {
    status: 400,
    retryable: false,
    meaning: "The request cannot be read",
    remedy: "Check the request line, the path's percent-encoding and the headers.",
  },
  "server.not_found": {
    status: 404,
    retryable: false,
    meaning: "There is no such thing",
    remedy: "Check the id and the namespace (header x-cellphone-namespace).",
  },
  "server.namespace_unknown": {
    status: 404,
    retryable: false,
    meaning: "There is no such namespace",
    remedy: "List namespaces with GET /api/v1/namespaces, or make it with PUT.",
  },
  "server.restoring": {
    status: 503,
    retryable: true,
    meaning: "The namespace is being brought back after a start",
    remedy: "Try again in a moment; /readyz says how far it is.",
  },
  "server.namespace_unavailable": {
    status: 503,
    retryable: true,
    meaning: "The namespace exists and does not run now",
    remedy:
      "It is being started with other options, or deleted: try again in a moment. If it could not be " +
      "started, the log says why; PUT starts it again.",
  },
  "server.namespace_protected": {
    status: 409,
    retryable: false,
    meaning: "The namespace cannot be deleted",
    remedy: "Delete what is in it instead; `default` always exists.",
  },
  "server.too_many_viewers": {
    status: 503,
    retryable: true,
    meaning: "Too many live viewers",
    remedy: "Close other pages or streams, then try again.",
  },
  "server.too_many_requests": {
    status: 429,
    retryable: true,
    meaning: "Too many requests of one agent are under way",
    remedy: "Read the answers of those that are, or end them; one long poll per inbox is enough.",
  },
  "server.pages_not_built": {
    status: 503,
    retryable: false,
    meaning: "The pages have not been built",
    remedy: "Run `npm run build` (or `npm start`, which builds what is stale).",
  },
  "server.closing": {
    status: 503,
    retryable: true,
    meaning: "The server is stopping",
    remedy: "Try again in a moment.",
  },
  "server.internal": {
    status: 500,
    retryable: false,
    meaning: "The server failed to handle the request",
    remedy: "Look for the request id in the server's log and report what it says.",
  },
} as const satisfies ErrorTable;

/** An error of the control plane. */
export class ServerError extends CellphoneError {
  constructor(code: keyof typeof serverErrors, message: string, options?: CellphoneErrorOptions) {
    super(code, serverErrors[code], message, options);
  }
}
