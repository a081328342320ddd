// The half of the data plane's contract about bad company: callers that smuggle, services that
// hang, lie and break off. Called by dataPlaneContract().

import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";

import {
  PlaneBench,
  Upstreams,
  bodyOf,
  problemOf,
  secretOf,
  servicePlan,
  withBody,
} from "./data-plane-bench-contract.ts";
import type { OpenPlane } from "./data-plane-bench-contract.ts";
import { gatewayLimits } from "./limits.ts";

const KEY = `Authorization: Bearer ${secretOf("alice")}\r\n`;
const POST = `POST /v1/target/ HTTP/1.1\r\nHost: x\r\n${KEY}`;

/** Requests that two readers could take apart in two ways. */
const AMBIGUOUS: Readonly<Record<string, string>> = {
  "Content-Length and Transfer-Encoding": `${POST}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG`,
  "several Content-Lengths": `${POST}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd`,
  "the same Content-Length twice": `${POST}Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc`,
  "a list in Content-Length": `${POST}Content-Length: 3, 3\r\n\r\nabc`,
  "a signed Content-Length": `${POST}Content-Length: +3\r\n\r\nabc`,
  "chunked not last": `${POST}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
  "another coding before chunked": `${POST}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
  "an unknown transfer coding": `${POST}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
  "a space before the colon": `${POST}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n`,
  "a folded header": `${POST}X-A: b\r\n c\r\n\r\n`,
  "a bare line feed": `${POST}X-A: b\nX-B: c\r\n\r\n`,
  "a bare carriage return": `${POST}X-A: b\rX-B: c\r\n\r\n`,
  "a NUL in a header": `${POST}X-A: b\0c\r\n\r\n`,
  "two Host headers": `${POST}Host: y\r\n\r\n`,
  "no Host header": `GET /v1/target/ HTTP/1.1\r\n${KEY}\r\n`,
  "two keys of one kind": `${POST}Authorization: Bearer other\r\n\r\n`,
  "chunks in HTTP/1.0": `POST /v1/target/ HTTP/1.0\r\nHost: x\r\n${KEY}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  "a chunk without its line end": `${POST}Transfer-Encoding: chunked\r\n\r\n1\nx\r\n0\r\n\r\n`,
};

/** Paths that a service could read otherwise than the gateway did. */
const BAD_PATHS = [
  "/v1/target/..%2fother",
  "/v1/target/%2e%2e/other",
  "/v1/target/a%5cb",
  "/v1/target/a%00",
  "/v1/target/a#b",
];

function headOf(method: string): string {
  return `${method} /v1/target/ HTTP/1.1\r\nHost: x\r\n${KEY}`;
}

/** A server that answers every request with these bytes, then closes. */
function says(upstreams: Upstreams, text: string): Promise<string> {
  return upstreams.tcp((socket) => {
    socket.once("data", () => socket.end(text, "latin1"));
  });
}

/** Registers the hostile half of the contract. */
export function hostilePlaneContract(name: string, open: OpenPlane): void {
  describe(`DataPlane contract, bad company: ${name}`, () => {
    const upstreams = new Upstreams();
    let bench: PlaneBench;
    before(async () => {
      bench = await PlaneBench.open(await open({ maxBodyBytes: 1_000_000 }));
    });
    afterEach(() => upstreams.close());
    after(() => bench.close());
    callers();
    services();
    loops();

    function callers(): void {
      for (const [what, text] of Object.entries(AMBIGUOUS)) {
        test(`refuses a request with ${what}, and closes the connection`, async () => {
          let asked = 0;
          const url = await upstreams.http((_, response) => {
            asked += 1;
            response.end("reached");
          });
          await bench.serve(servicePlan("target", url));
          const answer = await bench.raw(text);
          assert.match(answer, /^HTTP\/1\.1 400 /);
          assert.match(answer, /"code":"gateway\.request_invalid"/);
          assert.equal(answer.match(/HTTP\/1\.1 \d{3}/g)?.length, 1, "there was a second answer");
          assert.equal(asked, 0);
        });
      }

      test("refuses paths that could be read in two ways", async () => {
        let asked = 0;
        const url = await upstreams.http((_, response) => {
          asked += 1;
          response.end("reached");
        });
        await bench.serve(servicePlan("target", url));
        for (const path of BAD_PATHS) {
          const text = `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${KEY}\r\n`;
          const answer = await bench.raw(text);
          assert.match(answer, /^HTTP\/1\.1 400 /, path);
          assert.match(answer, /gateway\.path_invalid/, path);
        }
        assert.equal(asked, 0);
      });

      test("keeps the bodies of DELETE and OPTIONS apart from the next request", async () => {
        const seen: string[] = [];
        const url = await upstreams.http(
          withBody((body, { method }, response) => {
            seen.push(`${method} ${body}`);
            response.end("ok");
          }),
        );
        await bench.serve(servicePlan("target", url));
        const chunked = "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
        await bench.raw(
          `${headOf("DELETE")}${chunked}${headOf("OPTIONS")}${chunked}` +
            `${headOf("GET")}Connection: close\r\n\r\n`,
        );
        assert.deepEqual(seen, ["DELETE hello", "OPTIONS hello", "GET "]);
      });

      test("refuses CONNECT, TRACE, and heads beyond 16 KiB", async () => {
        assert.match(
          await bench.raw("CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n"),
          /^HTTP\/1\.1 405 /,
        );
        const trace = `TRACE /v1/target/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${KEY}\r\n`;
        assert.match(await bench.raw(trace), /^HTTP\/1\.1 405 /);
        const huge = `GET /v1/target/ HTTP/1.1\r\nHost: x\r\nX-A: ${"a".repeat(20_000)}\r\n\r\n`;
        assert.match(await bench.raw(huge), /^HTTP\/1\.1 431 /);
      });

      test("keeps the beginning of an endless path in its record", async () => {
        const answer = await bench.call(`/v1/nowhere/${"a".repeat(8000)}`);
        assert.equal(answer.status, 404);
        const id = answer.headers["x-cellphone-call-id"];
        const record = await bench.recordOf((call) => call.id === id);
        assert.match(record.path, /^\/v1\/nowhere\/a+…$/);
        assert.equal(record.path.length, gatewayLimits.pathKept.value);
        assert.ok((record.reason ?? "").length < gatewayLimits.pathKept.value + 50);
      });

      test("refuses bodies beyond maxBodyBytes, said or chunked", async () => {
        const url = await upstreams.http(withBody((_, __, response) => response.end("reached")));
        await bench.serve(servicePlan("target", url));
        const said = await bench.raw(`${POST}Connection: close\r\nContent-Length: 1000001\r\n\r\n`);
        assert.match(said, /^HTTP\/1\.1 413 /);
        const piece = `40000\r\n${"x".repeat(0x40000)}\r\n`;
        const chunked = await bench.raw(
          `${POST}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n${piece.repeat(4)}0\r\n\r\n`,
        );
        assert.match(chunked, /^HTTP\/1\.1 413 /);
      });

      test("drops a call whose body breaks its chunks, without a clean end for the service", async () => {
        const arrived = Promise.withResolvers<boolean>();
        const url = await upstreams.http((incoming) => {
          bodyOf(incoming).then(
            () => arrived.resolve(true),
            () => arrived.resolve(false),
          );
        });
        await bench.serve(servicePlan("target", url));
        const answer = await bench.raw(
          `${POST}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nZZ\r\n`,
        );
        assert.match(answer, /^HTTP\/1\.1 400 /);
        assert.equal(await arrived.promise, false);
      });
    }

    function services(): void {
      const broken: readonly [string, string, number, string][] = [
        ["that closes without a word", "", 502, "gateway.upstream_broken"],
        ["that speaks no HTTP", "SSH-2.0-OpenSSH\r\n", 502, "gateway.upstream_broken"],
        ["that stops in its head", "HTTP/1.1 200 OK\r\nx: ", 502, "gateway.upstream_broken"],
        [
          "with two Content-Lengths",
          "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
          502,
          "gateway.upstream_broken",
        ],
        [
          "with Content-Length and chunks",
          "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
          502,
          "gateway.upstream_broken",
        ],
        [
          "whose head is huge",
          `HTTP/1.1 200 OK\r\n${`x: ${"a".repeat(1000)}\r\n`.repeat(200)}\r\n`,
          502,
          "gateway.upstream_head_too_large",
        ],
        [
          "that switches protocols unasked",
          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: a\r\nConnection: upgrade\r\n\r\n",
          502,
          "gateway.upstream_broken",
        ],
        [
          "that hints a hundred times",
          "HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n".repeat(100) +
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
          502,
          "gateway.upstream_broken",
        ],
        ["whose status is 000", "HTTP/1.1 000 No\r\n\r\n", 502, "gateway.upstream_broken"],
      ];
      for (const [what, text, status, code] of broken) {
        test(`answers ${status} for a service ${what}`, async () => {
          await bench.serve(servicePlan("broken", await says(upstreams, text)));
          const answer = await bench.call("/v1/broken/");
          assert.equal(answer.status, status);
          const problem = problemOf(answer);
          assert.equal(problem["code"], code);
          assert.doesNotMatch(String(problem["detail"]), /\n|assert/);
        });
      }

      test("says in words that a service behind https speaks plain HTTP", async () => {
        const plain = await upstreams.http((_, response) => response.end("plain"));
        await bench.serve(servicePlan("plain", plain.replace("http:", "https:")));
        const answer = await bench.call("/v1/plain/");
        assert.equal(answer.status, 502);
        assert.match(String(problemOf(answer)["detail"]), /: TLS: wrong version number$/);
      });

      test("answers 502 in words when nobody listens, and tells its URL to the history alone", async () => {
        const url = await upstreams.nobody();
        await bench.serve(servicePlan("nobody", url));
        const answer = await bench.call("/v1/nobody/");
        assert.equal(answer.status, 502);
        const problem = problemOf(answer);
        assert.equal(problem["code"], "gateway.upstream_unreachable");
        assert.equal(problem["detail"], 'Service "nobody": connection refused');
        const record = await bench.recordOf(({ id }) => id === problem["callId"]);
        assert.equal(record.endpoint, url);
        assert.equal(record.reason, problem["detail"]);
      });

      const cutShort: Readonly<Record<string, string>> = {
        "fewer bytes than it said": "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this",
        "no last chunk": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
      };
      for (const [what, text] of Object.entries(cutShort)) {
        test(`breaks the caller's connection when an answer has ${what}`, async () => {
          await bench.serve(servicePlan("short", await says(upstreams, text)));
          await assert.rejects(bench.call("/v1/short/"), { code: "ECONNRESET" });
          const path = "/v1/short/";
          const record = await bench.recordOf((call) => call.path === path && call.status === 200);
          assert.equal(record.code, "gateway.upstream_broken");
        });
      }

      test("gives a caller no more bytes than the answer said it has", async () => {
        const text = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\nevil";
        await bench.serve(servicePlan("long", await says(upstreams, text)));
        assert.equal((await bench.call("/v1/long/")).body, "ok");
        assert.equal((await bench.call("/v1/long/")).body, "ok");
      });

      test("passes on what a service sends until it closes", async () => {
        await bench.serve(
          servicePlan("old", await says(upstreams, "HTTP/1.0 200 OK\r\n\r\nuntil the end")),
        );
        assert.equal((await bench.call("/v1/old/")).body, "until the end");
      });

      test("goes on serving after a service broke off a hundred calls", async () => {
        await bench.serve(servicePlan("broken", await says(upstreams, "nonsense")));
        const broken = await Promise.all(
          Array.from({ length: 100 }, () => bench.call("/v1/broken/")),
        );
        for (const answer of broken) assert.ok([502, 503].includes(answer.status));
        const good = await upstreams.http((_, response) => response.end("good"));
        await bench.serve(servicePlan("good", good));
        assert.equal((await bench.call("/v1/good/")).body, "good");
      });
    }

    function loops(): void {
      test("answers 508 when a base URL leads back to the gateway", async () => {
        const self = `http://127.0.0.1:${bench.port}/v1/loop`;
        const credential = { header: "x-api-key", value: secretOf("alice") };
        await bench.serve(servicePlan("loop", self, { credential }));
        const answer = await bench.call("/v1/loop/x");
        assert.equal(answer.status, 508);
        assert.equal(problemOf(answer)["code"], "gateway.loop_detected");
      });

      test("refuses a call that came through too many gateways", async () => {
        const url = await upstreams.http((_, response) => response.end("reached"));
        await bench.serve(servicePlan("target", url));
        const hops = Array.from({ length: 8 }, (_, index) => `gateway-${index}`).join(", ");
        const far = await bench.call("/v1/target/", { headers: { "x-cellphone-hop": hops } });
        assert.equal(far.status, 508);
      });

      test("drops what a caller pipelined behind a refused request", async () => {
        let asked = 0;
        const url = await upstreams.http((_, response) => {
          asked += 1;
          response.end("reached");
        });
        await bench.serve(servicePlan("target", url));
        const second = `GET /v1/target/ HTTP/1.1\r\nHost: x\r\n${KEY}\r\n`;
        await bench.raw(`${POST}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n${second}`);
        assert.equal(asked, 0);
      });
    }
  });
}
