// The live stream, over real connections: what a viewer gets first, what it gets later, and what
// becomes of one that does not keep up.

import assert from "node:assert/strict";
import { get } from "node:http";
import type { IncomingMessage } from "node:http";
import { PassThrough, Writable } from "node:stream";
import { describe, test } from "node:test";

import { ManualClock } from "../core/index.ts";
import { serverLimits } from "./limits.ts";
import { LiveStreams } from "./live-stream.ts";
import type { ViewerRequest } from "./live-stream.ts";
import { alertsFrames, LiveViewer } from "./live-viewer.ts";
import { TestNamespace } from "./test-support/test-fleet.ts";
import { TestServer } from "./test-support/test-server.ts";

interface StreamEvent {
  readonly event: string;
  readonly id: string | undefined;
  readonly data: unknown;
}

/** Splits a stream into its events; comments come as event `:`. */
async function* eventsOf(stream: AsyncIterable<Buffer>): AsyncGenerator<StreamEvent> {
  let rest = "";
  for await (const chunk of stream) {
    rest += chunk.toString("utf8");
    for (let end = rest.indexOf("\n\n"); end >= 0; end = rest.indexOf("\n\n")) {
      const lines = rest.slice(0, end).split("\n");
      rest = rest.slice(end + 2);
      const field = (name: string): string | undefined =>
        lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
      const data: unknown = JSON.parse(field("data") ?? "null");
      yield { event: field("event") ?? ":", id: field("id"), data };
    }
  }
}

/** A viewer over HTTP. */
class Viewer implements Disposable {
  readonly response: IncomingMessage;
  readonly #events: AsyncGenerator<StreamEvent>;

  private constructor(response: IncomingMessage) {
    this.response = response;
    this.#events = eventsOf(response);
  }

  static open(
    server: TestServer,
    headers: Record<string, string> = {},
    query = "",
  ): Promise<Viewer> {
    return new Promise((resolve, reject) => {
      const key = { authorization: `Bearer ${server.adminKey}` };
      const options = { headers: { ...key, ...headers }, agent: false as const };
      get(`${server.url}/api/v1/stream${query}`, options, (response) => {
        resolve(new Viewer(response));
      }).on("error", reject);
    });
  }

  async next(): Promise<StreamEvent> {
    const { value, done } = await this.#events.next();
    if (done === true) throw new Error("The stream has ended");
    return value;
  }

  /** Reads on until an event of this kind that fits. */
  async until(event: string, fits: (data: unknown) => boolean = () => true): Promise<StreamEvent> {
    for (;;) {
      const next = await this.next();
      if (next.event === event && fits(next.data)) return next;
    }
  }

  async end(): Promise<void> {
    for (;;) if ((await this.#events.next()).done === true) return;
  }

  [Symbol.dispose](): void {
    this.response.destroy();
  }
}

function mentions(text: string): (data: unknown) => boolean {
  return (data) => JSON.stringify(data).includes(text);
}

describe("GET /api/v1/stream", () => {
  test("says hello, then everything as it is, then what changes", async () => {
    await using server = await TestServer.start();
    await server.enrol("w1");
    using viewer = await Viewer.open(server);
    assert.equal(viewer.response.headers["content-type"], "text/event-stream; charset=utf-8");
    assert.equal(viewer.response.headers["cache-control"], "no-store");
    const hello = await viewer.next();
    assert.equal(hello.event, "hello");
    assert.ok(mentions('"epoch":"epoch-1","namespace":"default"')(hello.data));
    assert.equal((await viewer.next()).event, "summary");
    const agents = await viewer.next();
    assert.deepEqual([agents.event, mentions('"id":"w1"')(agents.data)], ["agents", true]);

    await server.enrol("w2");
    const feed = await viewer.until("feed");
    assert.ok(mentions("w2 joined")(feed.data));
    assert.ok(Number(feed.id) > 0);
    await viewer.until("agents", mentions('"id":"w2"'));
    await server.admin("DELETE", "/api/v1/agents/w2");
    await viewer.until("agents", mentions('"removed":["w2"]'));
    const message = { recipientId: "w1", payload: 1, conversationId: "talk-1" };
    await server.admin("POST", "/api/v1/messages", message);
    assert.deepEqual((await viewer.until("message")).data, { conversationIds: ["talk-1"] });
  });

  test("resumes after the last event a viewer has seen, by header or query", async () => {
    await using server = await TestServer.start();
    for (const name of ["w1", "w2", "w3"]) await server.enrol(name);
    const events = await server.fleet.home.dashboard.events({});
    const firstId = String(events[0]?.id);
    for (const [headers, query] of [
      [{ "last-event-id": firstId }, ""],
      [{}, `?lastEventId=${firstId}`],
    ] as const) {
      using viewer = await Viewer.open(server, headers, query);
      const seen = [];
      for (let count = 0; count < 5; count++) seen.push(await viewer.next());
      assert.deepEqual(
        seen.map(({ event }) => event),
        ["hello", "feed", "feed", "summary", "agents"],
      );
      assert.deepEqual(
        seen.map(({ id }) => id).filter((id) => id !== undefined),
        events.slice(1).map(({ id }) => String(id)),
      );
    }
  });

  test("starts anew after a number from another data folder", async () => {
    await using server = await TestServer.start();
    using viewer = await Viewer.open(server, { "last-event-id": "999999" });
    await viewer.until("agents");
    await server.enrol("w1");
    assert.ok(mentions("w1 joined")((await viewer.until("feed")).data));
  });

  test("keeps namespaces apart", async () => {
    await using server = await TestServer.start();
    using viewer = await Viewer.open(server, {}, "?namespace=other");
    await viewer.until("agents");
    await server.enrol("here");
    await server.admin("POST", "/api/v1/enrol?namespace=other", { name: "there" });
    const feed = await viewer.until("feed");
    assert.ok(mentions("there joined")(feed.data));
  });

  test("ends when the server stops", async () => {
    await using server = await TestServer.start();
    using viewer = await Viewer.open(server);
    await viewer.until("agents");
    const ended = viewer.end();
    await server.controlPlane.close();
    await ended;
  });
});

/** A response whose other side reads only when told. */
class SlowResponse extends PassThrough {
  received = "";

  constructor() {
    super({ highWaterMark: 1024 });
  }

  /** Takes everything that was written, until nothing more comes. */
  async readAll(): Promise<string> {
    for (let quiet = 0; quiet < 20;) {
      const chunk: Buffer | null = this.read();
      if (chunk === null) quiet += 1;
      else this.received += chunk.toString("utf8");
      await new Promise((resolve) => setImmediate(resolve));
    }
    return this.received;
  }
}

interface Watched {
  readonly clock: ManualClock;
  readonly namespace: TestNamespace;
  readonly streams: LiveStreams;
  readonly response: SlowResponse;
}

async function watch(more: Partial<ViewerRequest> = {}): Promise<Watched> {
  const clock = new ManualClock();
  const namespace = new TestNamespace("default");
  await namespace.start();
  const streams = new LiveStreams(clock, "epoch-1", 1);
  const response = new SlowResponse();
  const request = { response, lastEventId: undefined, isAllowed: () => true, ...more };
  streams.open(namespace, request);
  await response.readAll();
  response.received = "";
  return { clock, namespace, streams, response };
}

function count(text: string, part: string): number {
  return text.split(part).length - 1;
}

/** Data of the frames of one event, oldest first. */
function framesOf(text: string, event: string): Record<string, unknown>[] {
  const frames = text.matchAll(new RegExp(`^event: ${event}\\ndata: (.*)$`, "gm"));
  return Array.from(frames, ([, data = ""]): Record<string, unknown> => JSON.parse(data));
}

/** A field of all items that the frames of one event carry. */
function carried(text: string, event: "alerts" | "services", field: string): unknown[] {
  return framesOf(text, event).flatMap(({ [event]: items }) => {
    assert.ok(Array.isArray(items));
    return items.map((item: Record<string, unknown>) => item[field]);
  });
}

describe("LiveViewer shows alerts and services", () => {
  test("that are there at first, even when none is, and as they change", async () => {
    const { clock, namespace, streams, response } = await watch();
    response.destroy();
    const begun = new SlowResponse();
    streams.open(namespace, { response: begun, lastEventId: undefined, isAllowed: () => true });
    const first = await begun.readAll();
    assert.deepEqual(framesOf(first, "alerts"), [{ alerts: [] }]);
    assert.deepEqual(framesOf(first, "services"), [{ services: [], removed: [] }]);
    begun.received = "";

    const alert = namespace.dashboard.addAlert("warning", "index is old", "indexer");
    namespace.dashboard.addAlert("warning", "index is old", "indexer");
    await namespace.gateway.registerService({ id: "search", baseUrl: "http://127.0.0.1:9" });
    clock.advance(1000);
    const changed = await begun.readAll();
    assert.deepEqual(carried(changed, "alerts", "count"), [2], "one frame for both");
    assert.deepEqual(carried(changed, "services", "name"), ["search"]);
    begun.received = "";

    await namespace.dashboard.resolveAlert(alert.id);
    await namespace.gateway.unregisterService("search");
    clock.advance(6000);
    const ended = await begun.readAll();
    assert.deepEqual(carried(ended, "alerts", "state"), ["resolved"]);
    assert.deepEqual(framesOf(ended, "services"), [{ services: [], removed: ["search"] }]);
    await namespace.stop();
  });

  test("sends a viewer that did not read the newest state of each, once", async () => {
    const { clock, namespace, response } = await watch();
    const { communication, dashboard } = namespace;
    for (let index = 0; index < 30; index++) {
      await communication.registerAgent({ agentId: `w${index}`, name: `w${index}` });
    }
    clock.advance(1000);
    assert.ok(response.writableNeedDrain, "the viewer is blocked");
    const waiting = response.writableLength + response.readableLength;
    for (let round = 0; round < 20; round++) {
      dashboard.addAlert("error", "disk is full", "host");
      await namespace.gateway.registerService({
        id: "search",
        baseUrl: "http://127.0.0.1:9",
        retries: round % 3,
      });
      clock.advance(1000);
    }
    assert.equal(response.writableLength + response.readableLength, waiting, "nothing piles up");
    const text = await response.readAll();
    assert.deepEqual(carried(text, "alerts", "count"), [20]);
    assert.deepEqual(carried(text, "services", "retries"), [1]);
    await namespace.stop();
  });

  test("hangs up on a viewer that has missed more alerts than are kept for it", async () => {
    const { clock, namespace } = await watch();
    const response = new SlowResponse();
    const request = { response, lastEventId: undefined, isAllowed: () => true };
    const viewer = new LiveViewer(request, {
      namespace,
      clock,
      tail: () => [],
      tileText: () => undefined,
      summary: () => ({ frame: "", version: 0 }),
      renewServices: () => Promise.resolve(),
      serviceIds: () => [],
      serviceText: () => undefined,
    });
    const most = serverLimits.viewerAlerts.value;
    const alerts = new Map(Array.from({ length: most }, (_, index) => [`alert_${index}`, "{}"]));
    viewer.takeAlerts(alerts, alertsFrames(alerts)); // it has not begun: it cannot take them yet
    assert.equal(response.destroyed, false);
    alerts.set("one more", "{}");
    viewer.takeAlerts(alerts, alertsFrames(alerts));
    assert.equal(response.destroyed, true);
    await namespace.stop();
  });
});

describe("LiveViewer", () => {
  test("conflates for a viewer that does not read, and brings it up to date when it does", async () => {
    const { clock, namespace, response } = await watch();
    const { communication } = namespace;
    for (let index = 0; index < 30; index++) {
      await communication.registerAgent({ agentId: `w${index}`, name: `w${index}` });
    }
    clock.advance(1000);
    assert.ok(response.writableNeedDrain, "the viewer is blocked");
    const buffered = response.writableLength + response.readableLength;
    for (let round = 0; round < 50; round++) {
      await communication.updateAgentStatus("w7", round % 2 === 0 ? "busy" : "idle");
      await communication.updateAgentStatus("w8", round % 2 === 0 ? "busy" : "idle");
      clock.advance(1000);
    }
    await communication.unregisterAgent("w9");
    namespace.dashboard.feed.add({ kind: "server", level: "info", agentId: null, text: "late" });
    clock.advance(1000);
    const grown = response.writableLength + response.readableLength - buffered;
    assert.equal(grown, 0, "nothing piles up");

    const text = await response.readAll();
    const last = text.slice(text.lastIndexOf("event: agents"));
    assert.equal(count(last, '"id":"w7"'), 1);
    assert.match(last, /"status":"idle"/);
    assert.match(last, /"removed":\["w9"\]/);
    assert.equal(count(text, '"text":"late"'), 1);
    const ids = Array.from(text.matchAll(/^id: (\d+)$/gm), (match) => Number(match[1]));
    assert.deepEqual(
      ids,
      [...ids].sort((a, b) => a - b),
    );
    assert.equal(new Set(ids).size, 31, "30 joined, one late, none twice, none lost");
    await namespace.stop();
  });

  test("sends a large fleet in frames, as the connection takes them", async () => {
    const { clock, namespace, streams, response } = await watch();
    response.destroy();
    const agents = 3 * serverLimits.viewerFrameAgents.value + 1;
    const ids = Array.from({ length: agents }, (_, index) => `worker-${index}`);
    for (const agentId of ids) await namespace.communication.registerAgent({ agentId });
    const late = new SlowResponse();
    streams.open(namespace, { response: late, lastEventId: undefined, isAllowed: () => true });
    await new Promise((resolve) => setImmediate(resolve));
    const waiting = late.writableLength + late.readableLength;
    const changed = namespace.dashboard.tiles().map((tile) => tile.id);
    for (const agentId of changed) {
      await namespace.communication.updateAgentStatus(agentId, "busy");
    }
    clock.advance(1000);
    assert.equal(late.writableLength + late.readableLength, waiting, "nothing piles up");
    const told = (await late.readAll()).split("event: agents").slice(1);
    // One frame and what precedes it, counted on both sides of the pass-through.
    const longest = Math.max(...told.map((text) => text.length));
    assert.ok(waiting < 2 * longest + 8192, `${waiting} bytes wait`);
    // The first frame, then everybody: the rest of the first look, and whoever changed since.
    assert.deepEqual(
      told.map((text) => count(text, '"id":"worker-')),
      [500, 500, 500, 500, 1],
    );
    for (const agentId of ids) assert.ok(told.some((text) => text.includes(`"${agentId}"`)));
    assert.equal(count(told.slice(1).join(""), '"status":"online"'), 0, "late frames are new");
    await namespace.stop();
  });

  test("sends a summary at most once a second, and only when it differs", async () => {
    const { clock, namespace, response } = await watch();
    for (let index = 0; index < 5; index++) {
      await namespace.communication.registerAgent({ agentId: `w${index}`, name: `w${index}` });
      clock.advance(200);
      await response.readAll();
    }
    assert.ok(count(response.received, "event: summary") <= 2);
    clock.advance(60_000);
    const settled = await response.readAll();
    const summaries = count(settled, "event: summary");
    clock.advance(60_000);
    assert.equal(count(await response.readAll(), "event: summary"), summaries);
    await namespace.stop();
  });

  test("shows every 15 s that the line is open, and hangs up once the key is void", async () => {
    let allowed = true;
    const { clock, namespace, response } = await watch({ isAllowed: () => allowed });
    clock.advance(15_000);
    assert.equal(count(await response.readAll(), ":keepalive\n\n"), 1);
    allowed = false;
    clock.advance(15_000);
    assert.ok(response.writableEnded);
    await namespace.stop();
  });

  test("cuts a connection that has taken nothing for a minute", async () => {
    const { clock, namespace, response } = await watch();
    for (let index = 0; index < 30; index++) {
      await namespace.communication.registerAgent({ agentId: `w${index}`, name: `w${index}` });
    }
    clock.advance(1000);
    assert.ok(response.writableNeedDrain);
    clock.advance(45_000);
    assert.equal(response.destroyed, false);
    clock.advance(30_000);
    assert.equal(response.destroyed, true);
    await namespace.stop();
  });
});

test("LiveStreams.refuseWhenFull() refuses one viewer too many until one leaves", async () => {
  const { namespace, streams, response } = await watch();
  assert.throws(() => streams.refuseWhenFull(), { code: "server.too_many_viewers", status: 503 });
  const closed = new Promise((resolve) => response.once("close", resolve));
  response.destroy();
  await closed;
  streams.refuseWhenFull();
  assert.equal(streams.viewers, 0);
  await namespace.stop();
});

test("LiveViewer misses nothing that happens between the frames of a large fleet", async () => {
  const { clock, namespace, response } = await watch();
  response.destroy();
  const agents = 4 * serverLimits.viewerFrameAgents.value;
  const ids = Array.from({ length: agents }, (_, index) => `worker-${index}`);
  for (const agentId of ids) await namespace.communication.registerAgent({ agentId });
  clock.advance(1000);
  const change = async (): Promise<void> => {
    await namespace.communication.updateAgentStatus("worker-0", "busy");
    namespace.dashboard.feed.add({ kind: "server", level: "info", agentId: null, text: "now" });
    clock.advance(1000);
  };
  let text = "";
  let frames = 0;
  const viewer = new Writable({
    highWaterMark: 64 * 1024 * 1024,
    write(chunk: Buffer, _encoding, done) {
      const part = chunk.toString("utf8");
      text += part;
      if (part.startsWith("event: agents")) frames += 1;
      // After the first frame, while the others are still to come.
      if (part.startsWith("event: agents") && frames === 1) {
        void change();
      }
      done();
    },
  });
  const second = new LiveStreams(clock, "epoch-1", 2);
  second.open(namespace, { response: viewer, lastEventId: undefined, isAllowed: () => true });
  while (!text.includes('"text":"now"') || !text.includes('"status":"busy"')) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(frames >= 5, `${frames} frames`);
  for (const id of ids) assert.ok(text.includes(`"id":"${id}"`));
  viewer.destroy();
  await namespace.stop();
});
