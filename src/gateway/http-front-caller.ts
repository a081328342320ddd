// A caller on the network: one request on a connection, and its response.

import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";

import type { Caller, CallerEvents } from "./call-caller.ts";
import { dataPlaneLimits } from "./data-plane-limits.ts";

/** One request and its response, as a {@link Caller}. */
export class HttpCaller implements Caller {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  #events: CallerEvents | undefined;
  #expectsContinue = false;
  #isHeadHeld = false;
  #isEnded = false;
  #isDrainWatched = false;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.#request = request;
    this.#response = response;
  }

  get method(): string {
    return this.#request.method ?? "GET";
  }

  get target(): string {
    return this.#request.url ?? "/";
  }

  get rawHeaders(): readonly string[] {
    return this.#request.rawHeaders;
  }

  get address(): string {
    return plainAddress(this.#request.socket.remoteAddress);
  }

  get protocol(): "http" | "https" {
    return "http";
  }

  get hasBegun(): boolean {
    return this.#response.headersSent || this.#isHeadHeld;
  }

  /**
   * @param expectsContinue whether it waits to be told to send its body.
   * @param whenClosed called once, when the exchange is over on the connection, too.
   */
  attach(events: CallerEvents, expectsContinue: boolean, whenClosed: () => void): void {
    this.#events = events;
    this.#expectsContinue = expectsContinue;
    this.#response.once("close", () => {
      if (!this.#isEnded) events.callerGone();
      whenClosed();
    });
  }

  collect(done: (body: Buffer) => void): void {
    const chunks: Buffer[] = [];
    this.#continue();
    this.#request.on("data", (chunk: Buffer) => chunks.push(chunk));
    this.#request.once("end", () => {
      const [first] = chunks;
      done(chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks));
    });
  }

  /**
   * Not the request itself: who destroys the stream it was given, as undici does when an answer
   * comes early, would destroy the connection the answer is for.
   */
  stream(onBytes: (count: number) => void): Readable {
    const request = this.#request;
    const body = new Readable({ read: () => request.resume(), highWaterMark: 65_536 });
    this.#continue();
    request.on("data", (chunk: Buffer) => {
      onBytes(chunk.length);
      if (!body.destroyed && !body.push(chunk)) request.pause();
    });
    request.once("end", () => body.push(null));
    request.once("close", () => {
      if (!request.complete) body.destroy(new Error("the caller broke its body off"));
    });
    // What nobody wants any more is read and thrown away.
    body.once("close", () => request.resume());
    return body;
  }

  inform(status: number, headers: readonly string[]): void {
    // 100 is said by the gateway itself, and HTTP/1.0 knows none of them.
    if (status !== 103 || this.#request.httpVersion === "1.0") return;
    const links: string[] = [];
    for (let index = 0; index + 1 < headers.length; index += 2) {
      if (headers[index]?.toLowerCase() === "link") links.push(headers[index + 1] ?? "");
    }
    if (links.length === 0) return;
    try {
      this.#response.writeEarlyHints({ link: links });
    } catch {
      // Hints that cannot be written are left out: the answer itself follows.
    }
  }

  begin(status: number, reason: string, headers: string[]): void {
    const response = this.#response;
    if (status < 200) throw new RangeError(`Status ${status} is no answer to a call`);
    // Never told to send its body, it may send it or not: the connection has no next message.
    if (this.#expectsContinue) response.shouldKeepAlive = false;
    if (reason === "" || !/^[\t\x20-\x7e\x80-\xff]*$/.test(reason)) {
      response.writeHead(status, headers);
    } else response.writeHead(status, reason, headers);
    // Most bodies follow at once, in the same packet; a stream's first bytes may take minutes.
    this.#isHeadHeld = true;
    process.nextTick(flushHead, this);
  }

  write(chunk: Uint8Array): boolean {
    this.#isHeadHeld = false;
    if (this.#response.write(chunk)) return true;
    if (!this.#isDrainWatched) {
      this.#isDrainWatched = true;
      this.#response.on("drain", () => this.#events?.drained());
    }
    return false;
  }

  end(): void {
    this.#isHeadHeld = false;
    this.#isEnded = true;
    this.#response.end();
    // The rest of a body that nobody waited for is read for a moment, then the connection goes.
    if (!this.#request.complete) this.#linger();
  }

  breakOff(): void {
    this.#isEnded = true;
    // Whatever is buffered must not look whole: no last chunk, fewer bytes than were said.
    this.#request.socket.destroy();
  }

  flushHead(): void {
    if (!this.#isHeadHeld) return;
    this.#isHeadHeld = false;
    this.#response.flushHeaders();
  }

  #linger(): void {
    const { socket } = this.#request;
    this.#request.resume();
    const timer = setTimeout(() => socket.destroy(), dataPlaneLimits.lingerMs.value);
    timer.unref();
    const done = (): void => clearTimeout(timer);
    this.#request.once("end", done);
    socket.once("close", done);
  }

  #continue(): void {
    if (!this.#expectsContinue) return;
    this.#expectsContinue = false;
    this.#response.writeContinue();
  }
}

function flushHead(caller: HttpCaller): void {
  caller.flushHead();
}

/** An IPv4 address that came over an IPv6 socket is shown as what it is. */
export function plainAddress(address: string | undefined): string {
  if (address === undefined) return "unknown";
  return address.startsWith("::ffff:") ? address.slice(7) : address;
}
