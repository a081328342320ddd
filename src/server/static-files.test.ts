import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { contentSecurityPolicy, isUnchanged, StaticFiles } from "./static-files.ts";
import { TestServer } from "./test-support/test-server.ts";

const PAGE =
  "<!doctype html><script>flash()</script><script src='/assets/app-a1B2c3D4.js'></script>";

let folder = "";
let web = "";

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "cellphone-web-"));
  web = join(folder, "web");
  await mkdir(join(web, "assets"), { recursive: true });
  await writeFile(join(web, "index.html"), PAGE);
  await writeFile(join(web, "assets", "app-a1B2c3D4.js"), "run()");
  await writeFile(join(web, "favicon.svg"), "<svg/>");
  await writeFile(join(folder, "secret.txt"), "outside");
  await symlink(join(folder, "secret.txt"), join(web, "link.txt"));
});

after(() => rm(folder, { recursive: true, force: true }));

describe("StaticFiles.find()", () => {
  test("serves hashed files for good and others for now", async () => {
    const files = new StaticFiles(web);
    const asset = await files.find("/assets/app-a1B2c3D4.js");
    assert.equal(asset?.body.toString(), "run()");
    assert.equal(asset?.headers["cache-control"], "public, max-age=31536000, immutable");
    assert.equal(asset?.headers["content-type"], "text/javascript; charset=utf-8");
    const icon = await files.find("/favicon.svg");
    assert.equal(icon?.headers["cache-control"], "no-cache");
  });

  test("never leaves its folder", async () => {
    const files = new StaticFiles(web);
    const paths = [
      "/../secret.txt",
      "/%2e%2e/secret.txt",
      "/..%2fsecret.txt",
      "/assets/../../secret.txt",
      "/..%5csecret.txt",
      "/link.txt",
      "/%00",
      "/%zz",
      "/",
      "/assets",
      `/${"a".repeat(5000)}`,
    ];
    for (const path of paths) assert.equal(await files.find(path), undefined, path);
  });

  test("notices that a file was built anew", async () => {
    const files = new StaticFiles(web);
    const before = await files.find("/favicon.svg");
    await writeFile(join(web, "favicon.svg"), "<svg><!-- new --></svg>");
    const now = await files.find("/favicon.svg");
    assert.notEqual(now?.etag, before?.etag);
  });
});

test("contentSecurityPolicy() allows a page's own inline scripts by their hash, no others", () => {
  const policy = contentSecurityPolicy(PAGE);
  // printf 'flash()' | openssl dgst -sha256 -binary | base64
  const hash = "sha256-Lq9qoxIHSVSPWW7jM9ou7HVXDZbUjbJWVXANQvMj5Nw=";
  assert.ok(policy.includes(`script-src 'self' '${hash}'; style-src 'self';`), policy);
  assert.ok(!policy.includes("unsafe-inline"));
});

test("isUnchanged() compares as If-None-Match does", () => {
  assert.ok(isUnchanged('W/"a", "b"', '"b"'));
  assert.ok(isUnchanged("*", '"b"'));
  assert.equal(isUnchanged('"a"', '"b"'), false);
  assert.equal(isUnchanged(undefined, '"b"'), false);
});

describe("the pages over HTTP", () => {
  let server: TestServer;
  before(async () => {
    server = await TestServer.start({}, { webFolder: web });
  });
  after(() => server[Symbol.asyncDispose]());

  const browser = { accept: "text/html,*/*" };

  test("the sign-in page and files need no key", async () => {
    const page = await server.ask("GET", "/in", { headers: browser });
    assert.deepEqual([page.status, page.text], [200, PAGE]);
    assert.match(String(page.headers["content-security-policy"]), /frame-ancestors 'none'/);
    assert.equal((await server.ask("GET", "/assets/app-a1B2c3D4.js")).status, 200);
    const etag = String(page.headers.etag);
    const again = await server.ask("GET", "/in", { headers: { "if-none-match": etag } });
    assert.deepEqual([again.status, again.text], [304, ""]);
  });

  test("pages send people without a session to sign in, and back", async () => {
    const answer = await server.ask("GET", "/agents/w1?tab=log", { headers: browser });
    assert.equal(answer.status, 303);
    assert.equal(answer.headers.location, "/in?next=%2Fagents%2Fw1%3Ftab%3Dlog");
    const program = await server.ask("GET", "/agents/w1");
    assert.deepEqual([program.status, program.body["code"]], [401, "security.key_missing"]);
  });

  test("every page path shows the page to admins; paths of programs do not", async () => {
    for (const path of ["/", "/agents/w1", "/conversations"]) {
      assert.equal((await server.admin("GET", path)).text, PAGE, path);
    }
    for (const path of ["/api/v1/nope", "/assets/old-00000000.js", "/sdk/"]) {
      const answer = await server.admin("GET", path);
      assert.deepEqual(
        [answer.status, answer.headers["content-type"]],
        [404, "application/problem+json; charset=utf-8"],
      );
    }
  });
});

test("pages that are not built answer 503 with words, and the API works", async () => {
  await using server = await TestServer.start({}, { webFolder: join(folder, "nothing") });
  const answer = await server.ask("GET", "/in");
  assert.equal(answer.status, 503);
  assert.match(answer.text, /npm run build/);
  assert.equal((await server.ask("GET", "/healthz")).status, 200);
});
