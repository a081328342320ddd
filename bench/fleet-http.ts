// Requests of the benchmark "fleet": node:http with connections kept open, over TCP with a key
// or over the control socket without one.

import { Agent, request } from "node:http";
import type { IncomingMessage } from "node:http";

/** Where the server listens, and who asks. */
export type Caller =
  | { readonly socketPath: string }
  | { readonly host: string; readonly port: number; readonly key: string };

const agent = new Agent({ keepAlive: true, maxSockets: Infinity, maxFreeSockets: 4096 });

/** Sends one request; resolves with the answer's JSON, rejects when it is an error. */
export function ask(
  caller: Caller,
  method: "GET" | "POST",
  path: string,
  body?: object,
): Promise<Readonly<Record<string, unknown>>> {
  const { promise, resolve, reject } = Promise.withResolvers<Readonly<Record<string, unknown>>>();
  const outgoing = request(requestOptions(caller, method, path, body), (response) => {
    let text = "";
    response.setEncoding("utf8");
    response.on("data", (chunk: string) => (text += chunk));
    response.on("error", reject);
    response.on("end", () => {
      const status = response.statusCode ?? 500;
      if (status < 300) resolve(text === "" ? {} : JSON.parse(text));
      else reject(new Error(`${method} ${path} answered ${status}: ${text.slice(0, 500)}`));
    });
  });
  outgoing.on("error", reject);
  outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  return promise;
}

/** Opens an endless answer, such as the live stream. */
export function open(caller: Caller, path: string): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const outgoing = request({ ...requestOptions(caller, "GET", path), agent: false }, (response) => {
    if (response.statusCode === 200) resolve(response);
    else reject(new Error(`GET ${path} answered ${response.statusCode}`));
  });
  outgoing.on("error", reject);
  outgoing.end();
  return promise;
}

function requestOptions(caller: Caller, method: string, path: string, body?: object) {
  const place =
    "key" in caller ? { host: caller.host, port: caller.port } : { socketPath: caller.socketPath };
  return {
    ...place,
    agent,
    method,
    path,
    headers: {
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...("key" in caller ? { "x-cellphone-key": caller.key } : {}),
    },
  };
}
