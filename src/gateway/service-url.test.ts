import assert from "node:assert/strict";
import { hostname, networkInterfaces } from "node:os";
import { test } from "node:test";

import { GatewayError } from "./errors.ts";
import { baseUrlOf, checkUrlOf, healthCheckUrlOf, isOwnAddress } from "./service-url.ts";

test("baseUrlOf() normalises, and keeps the URL's own path", () => {
  assert.equal(baseUrlOf("http://localhost:8001"), "http://localhost:8001");
  assert.equal(baseUrlOf("HTTP://LocalHost:80/"), "http://localhost");
  assert.equal(
    baseUrlOf("https://api.example.com/v2/%75sers/"),
    "https://api.example.com/v2/users",
  );
  assert.equal(baseUrlOf("http://[::1]:8080/a"), "http://[::1]:8080/a");
  assert.equal(baseUrlOf("http://127.1:8080"), "http://127.0.0.1:8080");
});

test("baseUrlOf() refuses what a service's address cannot be, and repeats no secret", () => {
  const cases: [unknown, RegExp][] = [
    ["localhost:8001", /scheme localhost/],
    ["/users", /no absolute URL/],
    ["", /no absolute URL/],
    ["http://", /no absolute URL/],
    [undefined, /no text/],
    ["file:///etc/passwd", /scheme file/],
    ["ftp://host/x", /scheme ftp/],
    ["javascript:alert(1)", /scheme javascript/],
    ["ws://host", /scheme ws/],
    ["http://host/a?b=c", /query/],
    ["http://host/#", /fragment/],
    ["http://host/a%2fb", /encoded slash/],
    ["http://ho st", /space/],
    ["http://host\\@evil", /backslash/],
    ["http://host\n", /space/],
    ["http://host:99999", /no absolute URL/],
  ];
  for (const [url, words] of cases) {
    assert.throws(
      () => baseUrlOf(url),
      (error) =>
        error instanceof GatewayError &&
        error.code === "gateway.url_invalid" &&
        words.test(error.message),
      String(url),
    );
  }
  assert.throws(
    () => baseUrlOf("http://me:hunter2@host/"),
    (error) => error instanceof GatewayError && !error.message.includes("hunter2"),
  );
});

test("healthCheckUrlOf() takes an absolute URL, or a path below each base URL", () => {
  assert.equal(healthCheckUrlOf("http://host:1/health?deep=1"), "http://host:1/health?deep=1");
  assert.equal(healthCheckUrlOf("/health?deep=1"), "/health?deep=1");
  assert.equal(checkUrlOf("/health", "http://host/api"), "http://host/api/health");
  assert.equal(checkUrlOf("http://other/h", "http://host/api"), "http://other/h");
  assert.throws(() => healthCheckUrlOf("/../x"), /\.\. segment/);
  assert.throws(() => healthCheckUrlOf("health"), /no absolute URL/);
});

test("isOwnAddress() knows this machine's names and addresses, at these ports", () => {
  const ports = new Set([2356]);
  const own = [
    "http://127.0.0.1:2356/x",
    "http://127.9.9.9:2356",
    "http://localhost:2356",
    "http://localhost.:2356",
    `http://${hostname()}:2356`,
    "http://gateway.localhost:2356",
    "http://[::1]:2356",
    "http://[::ffff:127.0.0.1]:2356",
    "http://0.0.0.0:2356",
    "http://2130706433:2356",
  ];
  for (const url of own) assert.equal(isOwnAddress(url, ports), true, url);
  for (const address of Object.values(networkInterfaces()).flat()) {
    if (address?.family !== "IPv4") continue;
    assert.equal(isOwnAddress(`http://${address.address}:2356`, ports), true, address.address);
  }
  for (const url of ["http://127.0.0.1:2357", "http://127.example.com:2356", "http://host:2356"]) {
    assert.equal(isOwnAddress(url, ports), false, url);
  }
  assert.equal(isOwnAddress("http://localhost", new Set([80])), true);
  assert.equal(isOwnAddress("https://localhost", new Set([443])), true);
});
