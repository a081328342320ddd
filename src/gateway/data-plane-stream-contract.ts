// The half of the data plane's contract about time: streams, back-pressure, cancelling, timeouts.
// Called by dataPlaneContract().

import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { connect } from "node:net";
import { after, afterEach, before, describe, test } from "node:test";

import {
  PlaneBench,
  Upstreams,
  bodyOf,
  problemOf,
  responseOf,
  secretOf,
  servicePlan,
  withBody,
} from "./data-plane-bench-contract.ts";
import type { OpenPlane } from "./data-plane-bench-contract.ts";

const MEGABYTE = Buffer.alloc(1_048_576, "x");

/** Registers the streaming half of the contract. */
export function streamingPlaneContract(name: string, open: OpenPlane): void {
  describe(`DataPlane contract, streams: ${name}`, () => {
    const upstreams = new Upstreams();
    let bench: PlaneBench;
    before(async () => {
      bench = await PlaneBench.open(await open({ streamIdleMs: 400 }));
    });
    afterEach(() => upstreams.close());
    after(() => bench.close());

    streams();
    endings();

    function streams(): void {
      test("hands an event stream on event by event", async () => {
        const arrived = Promise.withResolvers<ServerResponse>();
        const url = await upstreams.http((_, response) => {
          response.writeHead(200, { "content-type": "text/event-stream" });
          response.flushHeaders();
          arrived.resolve(response);
        });
        await bench.serve(servicePlan("events", url));
        const outgoing = bench.start("/v1/events/");
        outgoing.end();
        // The head is here before any event is.
        const response = await responseOf(outgoing);
        const upstream = await arrived.promise;
        for (const event of ["data: one\n\n", "data: two\n\n"]) {
          upstream.write(event);
          const [chunk]: Buffer[] = await once(response, "data");
          assert.equal(String(chunk), event);
        }
        upstream.end();
        await once(response, "end");
      });

      test("hands a body on as it comes, while the answer already flows", async () => {
        const url = await upstreams.http((incoming, response) => {
          response.flushHeaders();
          incoming.pipe(response);
        });
        await bench.serve(servicePlan("echo", url));
        const outgoing = bench.start("/v1/echo/", "POST", { "transfer-encoding": "chunked" });
        outgoing.write("first");
        const response = await responseOf(outgoing);
        const [first]: Buffer[] = await once(response, "data");
        assert.equal(String(first), "first");
        outgoing.write("second");
        const [second]: Buffer[] = await once(response, "data");
        assert.equal(String(second), "second");
        outgoing.end();
        await once(response, "end");
      });

      test("hands the head on when a body of known length takes its time", async () => {
        const arrived = Promise.withResolvers<ServerResponse>();
        const url = await upstreams.http((_, response) => {
          response.writeHead(200, { "content-length": "5" });
          response.flushHeaders();
          arrived.resolve(response);
        });
        await bench.serve(servicePlan("announced", url));
        const outgoing = bench.start("/v1/announced/");
        outgoing.end();
        const response = await responseOf(outgoing);
        (await arrived.promise).end("hello");
        assert.equal(await bodyOf(response), "hello");
      });

      test("carries 32 MB up and down without a byte lost", async () => {
        const url = await upstreams.http((incoming, response) => void incoming.pipe(response));
        await bench.serve(servicePlan("echo", url));
        const outgoing = bench.start("/v1/echo/", "PUT", {
          "content-length": String(32 * MEGABYTE.length),
        });
        const sending = (async () => {
          for (let index = 0; index < 32; index++) {
            if (!outgoing.write(MEGABYTE)) await once(outgoing, "drain");
          }
          outgoing.end();
        })();
        const response = await responseOf(outgoing);
        let received = 0;
        for await (const chunk of response) received += Buffer.byteLength(chunk);
        await sending;
        assert.equal(received, 32 * MEGABYTE.length);
      });

      test("reads no faster from the service than the caller reads", async () => {
        let written = 0;
        const stalled = Promise.withResolvers<void>();
        const url = await upstreams.http((_, response) => {
          const more = (): void => {
            while (written < 256 * MEGABYTE.length) {
              written += MEGABYTE.length;
              if (!response.write(MEGABYTE)) {
                // Nobody takes it for a while: everything between here and the reader is full.
                const full = setTimeout(stalled.resolve, 150);
                response.once("drain", () => {
                  clearTimeout(full);
                  more();
                });
                return;
              }
            }
            response.end();
          };
          more();
        });
        await bench.serve(servicePlan("flood", url));
        const outgoing = bench.start("/v1/flood/");
        outgoing.end();
        const response = await responseOf(outgoing);
        response.pause();
        await stalled.promise;
        assert.ok(written < 64 * MEGABYTE.length, `${written} bytes were taken in for nobody`);
        outgoing.destroy();
      });

      test("ends 100-continue itself and carries the body", async () => {
        let expected: string | undefined = "not called";
        const url = await upstreams.http(
          withBody((body, { headers }, response) => {
            expected = headers.expect;
            response.end(body);
          }),
        );
        await bench.serve(servicePlan("patient", url));
        const outgoing = bench.start("/v1/patient/", "POST", {
          expect: "100-continue",
          "content-length": "5",
        });
        outgoing.flushHeaders();
        await once(outgoing, "continue");
        outgoing.end("hello");
        assert.equal(await bodyOf(await responseOf(outgoing)), "hello");
        assert.equal(expected, undefined);
      });

      test("passes 103 on ahead of the answer", async () => {
        const url = await upstreams.http((_, response) => {
          response.writeEarlyHints({ link: "</a.css>; rel=preload" }, () => response.end("x"));
        });
        await bench.serve(servicePlan("hints", url));
        const outgoing = bench.start("/v1/hints/");
        const informed = once(outgoing, "information");
        const answered = responseOf(outgoing);
        outgoing.end();
        const [information]: { statusCode: number; headers: Record<string, string> }[] =
          await informed;
        assert.equal(information?.statusCode, 103);
        assert.equal(information?.headers["link"], "</a.css>; rel=preload");
        assert.equal(await bodyOf(await answered), "x");
      });
    }

    function endings(): void {
      test("breaks the service's call off when the caller goes away, and records 499", async () => {
        const arrived = Promise.withResolvers<IncomingMessage>();
        const url = await upstreams.http((incoming, response) => {
          response.write("begun");
          arrived.resolve(incoming);
        });
        await bench.serve(servicePlan("abandoned", url));
        const outgoing = bench.start("/v1/abandoned/");
        outgoing.end();
        const response = await responseOf(outgoing);
        response.on("error", () => undefined);
        const incoming = await arrived.promise;
        const gone = once(incoming.socket, "close");
        outgoing.destroy();
        await gone;
        const record = await bench.recordOf((call) => call.serviceId === "abandoned");
        assert.equal(record.status, 499);
      });

      test("resets the connection when an answer breaks off whose end would be its close", async () => {
        const url = await upstreams.http((_, response) => {
          response.write("begun");
          setImmediate(() => response.destroy());
        });
        await bench.serve(servicePlan("broken", url));
        const socket = connect(bench.port, "127.0.0.1");
        socket.resume();
        const broken = once(socket, "error");
        const key = `authorization: Bearer ${secretOf("alice")}`;
        socket.write(`GET /v1/broken/ HTTP/1.0\r\nhost: x\r\n${key}\r\n\r\n`);
        const [error]: Error[] = await broken;
        assert.match(String(error), /ECONNRESET/);
      });

      test("cut() answers an agent's waiting calls and ends its streams", async () => {
        const arrivals: ServerResponse[] = [];
        const both = Promise.withResolvers<void>();
        const url = await upstreams.http((incoming, response) => {
          if (incoming.url === "/stream") response.write("begun");
          if (arrivals.push(response) === 2) both.resolve();
        });
        await bench.serve(servicePlan("cuttable", url));
        const waiting = bench.call("/v1/cuttable/wait");
        const streaming = bench.start("/v1/cuttable/stream");
        streaming.end();
        const stream = await responseOf(streaming);
        await both.promise;
        const broken = once(stream, "error");
        stream.resume();
        assert.equal(await bench.plane.cut("default", "bob"), 0);
        assert.equal(await bench.plane.cut("default", "alice"), 2);
        assert.equal(problemOf(await waiting)["code"], "gateway.cut");
        await broken;
        assert.equal(stream.complete, false);
      });

      test("answers 504 when a service does not begin its answer in time", async () => {
        const arrived = Promise.withResolvers<IncomingMessage>();
        const url = await upstreams.http((incoming) => arrived.resolve(incoming));
        await bench.serve(servicePlan("hanging", url, { requestTimeoutMs: 100 }));
        const answer = await bench.call("/v1/hanging/");
        assert.equal(answer.status, 504);
        const problem = problemOf(answer);
        assert.equal(problem["code"], "gateway.upstream_timeout");
        assert.equal(problem["detail"], 'Service "hanging" did not begin to answer within 0.1 s');
        const incoming = await arrived.promise;
        if (!incoming.socket.destroyed) await once(incoming.socket, "close");
      });

      test("breaks off an answer that is still for longer than streamIdleMs, not a slow one", async () => {
        const url = await upstreams.http((incoming, response) => {
          let beats = 0;
          response.write("begun");
          if (incoming.url === "/still") return;
          const beating = setInterval(() => {
            response.write("beat");
            beats += 1;
            if (beats < 5) return;
            clearInterval(beating);
            response.end();
          }, 150);
        });
        await bench.serve(servicePlan("stream", url, { requestTimeoutMs: 100 }));
        // 750 ms in all, longer than either patience, but never still for 400.
        assert.match((await bench.call("/v1/stream/slow")).body, /^begun(?:beat){5}$/);
        await assert.rejects(bench.call("/v1/stream/still"), { code: "ECONNRESET" });
        const record = await bench.recordOf((call) => call.path === "/v1/stream/still");
        assert.equal(record.code, "gateway.upstream_timeout");
        assert.equal(record.status, 200);
      });

      test("gives up on a caller whose body does not come", async () => {
        const url = await upstreams.http((_, response) => response.end("x"));
        await bench.serve(servicePlan("quick", url, { requestTimeoutMs: 100 }));
        const outgoing = bench.start("/v1/quick/", "POST", { "content-length": "10" });
        outgoing.write("half");
        const response = await responseOf(outgoing);
        assert.equal(response.statusCode, 408);
        outgoing.destroy();
      });

      test("passes an early answer on although the body is still coming", async () => {
        const url = await upstreams.http((_, response) => {
          response.writeHead(413, { connection: "close" }).end("too much");
        });
        await bench.serve(servicePlan("early", url));
        const outgoing = bench.start("/v1/early/", "POST", { "transfer-encoding": "chunked" });
        outgoing.write("a piece");
        const response = await responseOf(outgoing);
        assert.equal(response.statusCode, 413);
        assert.equal(await bodyOf(response), "too much");
        outgoing.destroy();
      });
    }
  });
}
