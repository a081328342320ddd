// A caller on the network: one request on a connection, and its response.

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { Readable } from "node:stream";
import { TLSSocket } from "node:tls";

import type { Caller, CallerEvents } from "./call-caller.ts";
import { dataPlaneLimits } from "./data-plane-limits.ts";

/** Above it, copying a body into text costs more than a second write. */
const ONE_WRITE_BYTES = 16_384;

/** One request and its response, as a {@link Caller}. */
export class HttpCaller implements Caller {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  #events: CallerEvents | undefined;
  #hasBody = false;
  /** The body, when it is handed on as it comes. */
  #body: Readable | undefined;
  #expectsContinue = false;
  #isHeadHeld = false;
  #isEnded = false;
  #isDrainWatched = false;
  /** Bytes its body will have; -1 when that is not known. */
  #length = -1;
  /** All of a short body, held for a moment: it ends the answer in the write that begins it. */
  #heldBody: Uint8Array | undefined;

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
    return protocolOf(this.#request.socket);
  }

  get hasBegun(): boolean {
    return this.#response.headersSent || this.#isHeadHeld;
  }

  /**
   * @param hasBody whether the request says that a body follows.
   * @param expectsContinue whether it waits to be told to send its body.
   * @param whenClosed called once, when the exchange is over on the connection, too.
   */
  attach(
    events: CallerEvents,
    hasBody: boolean,
    expectsContinue: boolean,
    whenClosed: () => void,
  ): void {
    this.#events = events;
    this.#hasBody = hasBody;
    this.#expectsContinue = expectsContinue;
    this.#response.on("close", () => {
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
    this.#body = body;
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
    this.#isHeadHeld = true;
    this.#length = lengthOf(headers);
    // A short answer comes whole, now; what has not come by then may take minutes.
    process.nextTick(flushHeld, this);
  }

  write(chunk: Uint8Array): boolean {
    if (this.#isHeadHeld) {
      this.#isHeadHeld = false;
      if (chunk.length === this.#length && chunk.length <= ONE_WRITE_BYTES) {
        this.#heldBody = chunk;
        return true;
      }
    }
    this.flushHeld();
    if (this.#response.write(chunk)) return true;
    if (!this.#isDrainWatched) {
      this.#isDrainWatched = true;
      this.#response.on("drain", () => this.#events?.drained());
    }
    return false;
  }

  end(): void {
    const held = this.#heldBody;
    this.#heldBody = undefined;
    this.#isHeadHeld = false;
    this.#isEnded = true;
    if (held === undefined) this.#response.end();
    // As text it joins the head: one write to the socket, where bytes would take two.
    else this.#response.end(asBuffer(held).toString("latin1"), "latin1");
    // The rest of a body that nobody waited for is read for a moment, then the connection goes.
    if (this.#hasBody && !this.#request.complete) this.#linger();
  }

  breakOff(): void {
    this.#isEnded = true;
    this.#heldBody = undefined;
    const { socket } = this.#request;
    // Whatever is buffered must not look whole: no last chunk, fewer bytes than were said. Without
    // chunks or length (HTTP/1.0) closing is the body's end, so that only a reset tells the break.
    const endsByClosing = this.#length === -1 && !this.#response.chunkedEncoding;
    if (endsByClosing && !("encrypted" in socket)) socket.resetAndDestroy();
    else socket.destroy();
  }

  /** Writes what was held back for an end that has not come. */
  flushHeld(): void {
    const held = this.#heldBody;
    this.#heldBody = undefined;
    if (held !== undefined) this.#response.write(held);
    else if (this.#isHeadHeld) this.#response.flushHeaders();
    this.#isHeadHeld = false;
  }

  #linger(): void {
    const { socket } = this.#request;
    // Nobody reads it any more: it must not hold the connection back.
    this.#body?.destroy();
    this.#request.resume();
    const timer = setTimeout(() => socket.destroy(), dataPlaneLimits.lingerMs.value);
    timer.unref();
    // The request closes with its connection, if it does not end before.
    this.#request.once("close", () => clearTimeout(timer));
  }

  #continue(): void {
    if (!this.#expectsContinue) return;
    this.#expectsContinue = false;
    this.#response.writeContinue();
  }
}

function lengthOf(headers: readonly string[]): number {
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index] ?? "";
    if (name.length === 14 && name.toLowerCase() === "content-length") {
      return Number(headers[index + 1]);
    }
  }
  return -1;
}

function asBuffer(chunk: Uint8Array): Buffer {
  if (Buffer.isBuffer(chunk)) return chunk;
  return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}

function flushHeld(caller: HttpCaller): void {
  caller.flushHeld();
}

/** What is spoken on a connection. */
export function protocolOf(socket: Socket): "http" | "https" {
  return socket instanceof TLSSocket ? "https" : "http";
}

/** An IPv4 address that came over an IPv6 socket is shown as what it is. */
export function plainAddress(address: string | undefined): string {
  if (address === undefined) return "unknown";
  return address.startsWith("::ffff:") ? address.slice(7) : address;
}
