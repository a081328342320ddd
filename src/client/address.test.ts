import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";

import { parseAddress, resolveIdentity } from "./address.ts";
import { CellphoneClientError } from "./errors.ts";

const code = (wanted: string) => (error: unknown) =>
  error instanceof CellphoneClientError && error.code === wanted && error.remedy !== "";
const from = (variables: Record<string, string>) => (name: string) => variables[name];

test("parseAddress() takes the secret out of the URL", () => {
  assert.deepEqual(parseAddress("http://enrol_abc@127.0.0.1:2355/"), {
    baseUrl: "http://127.0.0.1:2355",
    secret: "enrol_abc",
  });
  assert.deepEqual(parseAddress("https://example.org/cellphone/"), {
    baseUrl: "https://example.org/cellphone",
    secret: undefined,
  });
});

test("parseAddress() refuses other text without showing the secret in it", () => {
  assert.throws(() => parseAddress("ftp://127.0.0.1"), TypeError);
  assert.throws(
    () => parseAddress("http://enrol_secret@[broken"),
    (error: Error) => error instanceof TypeError && !inspect(error).includes("enrol_secret"),
  );
  assert.throws(() => parseAddress("CELLPHONE_URL=http://enrol_secret@h:1"), {
    message:
      '"CELLPHONE_URL=http://…@h:1" is no URL; without CELLPHONE_URL= before it, ' +
      "write it like http://127.0.0.1:2355",
  });
});

test("resolveIdentity() prefers options to the environment, and a key to an enrolment", () => {
  const environment = from({
    CELLPHONE_URL: "http://enrol_env@h:1",
    CELLPHONE_KEY: "agent_env",
    CELLPHONE_NAME: "from-env",
  });
  const wrapped = resolveIdentity({}, environment);
  assert.equal(wrapped.key, "agent_env");
  assert.equal(wrapped.enrolment, undefined);
  assert.equal(wrapped.name, "from-env");
  const given = resolveIdentity({ url: "http://enrol_given@h:2", name: "mine" }, environment);
  assert.equal(given.enrolment, "enrol_given");
  assert.equal(given.key, undefined);
  assert.equal(given.baseUrl, "http://h:2");
  assert.equal(given.name, "mine");
});

test("resolveIdentity() says what is missing", () => {
  assert.throws(() => resolveIdentity({}, from({})), code("client.key_missing"));
  assert.throws(
    () => resolveIdentity({ url: "http://enrol_x@h:1" }, from({})),
    code("client.name_missing"),
  );
  assert.equal(resolveIdentity({ key: "agent_x" }, from({})).name, undefined);
});
