import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { test } from "node:test";

import { errors } from "undici";
import type { Dispatcher } from "undici";

import { Upstreams } from "./data-plane-bench-contract.ts";
import { dataPlaneLimits } from "./data-plane-limits.ts";
import { UpstreamOrigin } from "./upstream-origin.ts";
import type { UpstreamExchange } from "./upstream-connection.ts";

const GET: Dispatcher.DispatchOptions = { method: "GET", path: "/" };
const SETTINGS = { connections: 1, connectTimeoutMs: 1000 };

/** Reads an answer and leaves, as an attempt does. */
class Reader implements UpstreamExchange {
  isWaiting = false;
  connection = null;
  readonly over = Promise.withResolvers<Error | null>();
  readonly #origin: UpstreamOrigin;

  constructor(origin: UpstreamOrigin) {
    this.#origin = origin;
  }

  onRequestStart(): void {
    // Its answer is all that matters.
  }

  onResponseStart(): void {
    // Its end is all that matters.
  }

  onResponseData(): void {
    // Its end is all that matters.
  }

  onResponseEnd(): void {
    this.#origin.left();
    this.over.resolve(null);
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    if (!this.isWaiting) this.#origin.left();
    this.over.resolve(error);
  }
}

test("UpstreamOrigin.send() lets so many wait, refuses the next, and has room again after withdraw()", async (t) => {
  const upstreams = new Upstreams();
  t.after(() => upstreams.close());
  const asked: ServerResponse[] = [];
  const url = await upstreams.http((_, response) => void asked.push(response));
  const origin = new UpstreamOrigin(url, SETTINGS);
  t.after(() => origin.destroy());
  const readers = Array.from(
    { length: 1 + dataPlaneLimits.upstreamWaiting.value },
    () => new Reader(origin),
  );
  for (const reader of readers) assert.equal(origin.send(GET, reader), true);
  assert.deepEqual([readers[0]?.isWaiting, readers[1]?.isWaiting], [false, true]);
  assert.equal(origin.send(GET, new Reader(origin)), false);
  const given = readers.at(-1);
  assert.ok(given);
  origin.withdraw(given);
  assert.equal(given.isWaiting, false);
  assert.equal(origin.send(GET, new Reader(origin)), true);
});

test("UpstreamOrigin.destroy() fails what is under way and what waits", async (t) => {
  const upstreams = new Upstreams();
  t.after(() => upstreams.close());
  const url = await upstreams.http(() => undefined);
  const origin = new UpstreamOrigin(url, SETTINGS);
  const readers = [new Reader(origin), new Reader(origin)];
  for (const reader of readers) origin.send(GET, reader);
  await origin.destroy();
  for (const reader of readers) {
    const error = await reader.over.promise;
    assert.ok(error instanceof errors.ClientDestroyedError);
  }
});

test("UpstreamOrigin.retire() closes its connection once those that wait were served", async (t) => {
  const upstreams = new Upstreams();
  t.after(() => upstreams.close());
  const first = Promise.withResolvers<IncomingMessage>();
  const url = await upstreams.http((incoming, response) => {
    first.resolve(incoming);
    response.end("x");
  });
  const origin = new UpstreamOrigin(url, SETTINGS);
  const readers = [new Reader(origin), new Reader(origin)];
  for (const reader of readers) origin.send(GET, reader);
  const { socket } = await first.promise;
  const closed = once(socket, "close");
  origin.retire();
  assert.deepEqual(await Promise.all(readers.map((reader) => reader.over.promise)), [null, null]);
  await closed;
});
