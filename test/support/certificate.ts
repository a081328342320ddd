// A certificate of its own for a test's servers, made by openssl as people make theirs.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import type { TestContext } from "node:test";

import { requireDebian } from "./debian.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** A certificate for localhost and 127.0.0.1, which is its own authority. */
export interface TestCertificate {
  readonly certPath: string;
  readonly keyPath: string;
  /** PEM, as are the files. */
  readonly cert: string;
  readonly key: string;
}

/** Makes one that is gone with the test; undefined after marking the test as skipped. */
export function makeCertificate(t: TestContext): TestCertificate | undefined {
  const openssl = requireDebian(t, "openssl");
  if (openssl === undefined) return undefined;
  const folder = temporaryFolder(t);
  const [certPath, keyPath] = [path.join(folder, "cert.pem"), path.join(folder, "key.pem")];
  const subject = [
    "-subj",
    "/CN=localhost",
    "-addext",
    "subjectAltName=DNS:localhost,IP:127.0.0.1",
  ];
  const keyOptions = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const files = ["-keyout", keyPath, "-out", certPath, "-days", "1"];
  execFileSync(openssl, ["req", "-x509", ...keyOptions, ...subject, ...files], { stdio: "ignore" });
  const [cert, key] = [readFileSync(certPath, "utf8"), readFileSync(keyPath, "utf8")];
  return { certPath, keyPath, cert, key };
}
