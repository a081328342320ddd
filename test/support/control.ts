// Calls of a test to a server's control plane.

import { Agent, request } from "node:http";
import type { IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";

/** An answer of the control plane. */
export interface ControlAnswer {
  readonly status: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers of any shape
  readonly body: any;
}

/** Speaks to a control socket over kept-alive connections; the caller is the admin. */
export class ControlSocket {
  readonly #path: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 512 });

  constructor(path: string) {
    this.#path = path;
  }

  /** Calls; rejects when the connection breaks before the whole answer has come. */
  call(method: string, path: string, body?: unknown): Promise<ControlAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<ControlAnswer>();
    const sent = request(
      {
        socketPath: this.#path,
        agent: this.#agent,
        method,
        path,
        headers: body === undefined ? {} : { "content-type": "application/json" },
      },
      (response) => void readAnswer(response).then(resolve, reject),
    );
    sent.on("error", reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
    return promise;
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

async function readAnswer(response: IncomingMessage): Promise<ControlAnswer> {
  const answer = await text(response);
  if (!response.complete) throw new Error("the answer broke off");
  const body: unknown = answer === "" ? undefined : JSON.parse(answer);
  return { status: response.statusCode ?? 0, body };
}
