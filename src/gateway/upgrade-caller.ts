// A caller that asked for another protocol. Node hands over the bare connection, so the answer's
// head is written here.

import { STATUS_CODES } from "node:http";
import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import type { Duplex } from "node:stream";

import type { Caller } from "./call-caller.ts";
import { plainAddress, protocolOf } from "./http-front-caller.ts";
import { dataPlaneLimits } from "./data-plane-limits.ts";
import type { RunningCall } from "./running-call.ts";
import type { UpgradeForward } from "./upgrade-forward.ts";

/** The caller's end of an upgrade. */
export class UpgradeCaller implements Caller {
  /** The service's end, once there is one. */
  forward: UpgradeForward | null = null;
  readonly #request: IncomingMessage;
  readonly #socket: Duplex;
  readonly #head: Buffer;
  #call: RunningCall | undefined;
  #isChunked = false;
  #isEnded = false;
  #isJoined = false;

  constructor(request: IncomingMessage, socket: Duplex, head: Buffer) {
    this.#request = request;
    this.#socket = socket;
    this.#head = head;
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

  attach(call: RunningCall): void {
    this.#call = call;
    this.#socket.on("error", () => undefined);
    this.#socket.once("close", () => {
      // Once joined, either side may end the conversation; the other one's end tells when.
      if (this.#isJoined) this.forward?.socket?.destroy();
      else if (!this.#isEnded) call.callerGone();
    });
    this.#socket.on("drain", () => call.drained());
  }

  collect(done: (body: Buffer) => void): void {
    done(Buffer.alloc(0));
  }

  stream(): Readable {
    return Readable.from([]);
  }

  inform(): void {
    // Nothing ahead of an upgrade's answer is passed on.
  }

  begin(status: number, reason: string, headers: string[]): void {
    const forward = this.forward;
    if (status < 200 && (status !== 101 || forward?.socket == null)) {
      throw new RangeError(`Status ${status} answers no upgrade that the service agreed to`);
    }
    const pairs = [...headers];
    if (status === 101) pairs.push("connection", "Upgrade", "upgrade", forward?.protocol ?? "");
    else pairs.push("connection", "close");
    this.#isChunked = status >= 200 && !hasLength(headers);
    if (this.#isChunked) pairs.push("transfer-encoding", "chunked");
    let head = `HTTP/1.1 ${status} ${reason === "" ? (STATUS_CODES[status] ?? "") : reason}\r\n`;
    for (let index = 0; index + 1 < pairs.length; index += 2) {
      const line = `${pairs[index]}: ${pairs[index + 1]}`;
      if (/[\r\n\0]/.test(line)) throw new TypeError(`Header "${pairs[index]}" cannot be written`);
      head += `${line}\r\n`;
    }
    this.#socket.write(`${head}\r\n`, "latin1");
    if (status === 101) this.#join();
  }

  write(chunk: Uint8Array): boolean {
    if (!this.#isChunked) return this.#socket.write(chunk);
    this.#socket.write(`${chunk.length.toString(16)}\r\n`);
    this.#socket.write(chunk);
    return this.#socket.write("\r\n");
  }

  end(): void {
    this.#isEnded = true;
    if (this.#isChunked) this.#socket.end("0\r\n\r\n");
    else this.#socket.end();
    const timer = setTimeout(() => this.#socket.destroy(), dataPlaneLimits.lingerMs.value);
    timer.unref();
    this.#socket.once("close", () => clearTimeout(timer));
    this.#socket.resume();
  }

  breakOff(): void {
    this.#isEnded = true;
    this.#socket.destroy();
  }

  /** From here on bytes pass both ways, each side as fast as the other takes them. */
  #join(): void {
    const call = this.#call;
    const forward = this.forward;
    const upstream = forward?.socket;
    if (call === undefined || forward === null || upstream == null) return;
    const client = this.#socket;
    this.#isJoined = true;
    if (this.#head.length > 0) {
      call.requestBytes += this.#head.length;
      upstream.write(this.#head);
    }
    client.on("data", (chunk: Buffer) => {
      call.isActive = true;
      call.requestBytes += chunk.length;
      if (!upstream.write(chunk)) client.pause();
    });
    upstream.on("drain", () => client.resume());
    client.once("end", () => upstream.end());
    upstream.on("data", (chunk: Buffer) => {
      if (!call.write(chunk)) upstream.pause();
    });
    client.on("drain", () => upstream.resume());
    upstream.once("end", () => client.end());
    upstream.once("close", () => {
      forward.done();
      if (!call.isOver) call.end();
    });
    client.resume();
    upstream.resume();
  }
}

function hasLength(headers: readonly string[]): boolean {
  for (let index = 0; index < headers.length; index += 2) {
    if (headers[index]?.toLowerCase() === "content-length") return true;
  }
  return false;
}
