// The built pages. Files are code, not data, so they need no key; what they show does.

import { createHash } from "node:crypto";
import { readFile, realpath, stat } from "node:fs/promises";
import { extname, join, resolve, sep } from "node:path";

import { serverLimits } from "./limits.ts";

const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".ico": "image/x-icon",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".map": "application/json; charset=utf-8",
  ".png": "image/png",
  ".py": "text/x-python; charset=utf-8",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".webmanifest": "application/manifest+json",
  ".woff2": "font/woff2",
};

/** One file, ready to be sent. */
export interface StaticFile {
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
  readonly etag: string;
  readonly isPage: boolean;
}

interface CachedFile {
  readonly file: StaticFile;
  readonly modifiedMs: number;
}

/** Files under one folder; never outside of it. */
export class StaticFiles {
  readonly #folder: string | undefined;
  readonly #cache = new Map<string, CachedFile>();
  #cachedBytes = 0;

  /** @param folder where the built pages are; undefined when there are none. */
  constructor(folder: string | undefined) {
    this.#folder = folder === undefined ? undefined : resolve(folder);
  }

  /** The file at a URL's path; undefined when there is none. */
  async find(urlPath: string): Promise<StaticFile | undefined> {
    if (this.#folder === undefined) return undefined;
    const path = pathUnder(this.#folder, urlPath);
    return path === undefined ? undefined : this.#read(this.#folder, path, urlPath);
  }

  /** The page that shows every view; undefined when the pages are not built. */
  async page(): Promise<StaticFile | undefined> {
    return this.find("/index.html");
  }

  async #read(folder: string, path: string, urlPath: string): Promise<StaticFile | undefined> {
    try {
      const [real, realFolder] = await Promise.all([realpath(path), realpath(folder)]);
      if (!real.startsWith(realFolder + sep)) return undefined; // a link that leads out
      const facts = await stat(real);
      if (!facts.isFile()) return undefined;
      const cached = this.#cache.get(real);
      if (cached?.modifiedMs === facts.mtimeMs) return cached.file;
      const file = toStaticFile(await readFile(real), extname(real), isHashed(urlPath));
      this.#remember(real, { file, modifiedMs: facts.mtimeMs });
      return file;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  #remember(path: string, cached: CachedFile): void {
    this.#cachedBytes -= this.#cache.get(path)?.file.body.length ?? 0;
    this.#cache.delete(path);
    const { length } = cached.file.body;
    if (this.#cachedBytes + length > serverLimits.cachedPageBytes.value) return;
    this.#cachedBytes += length;
    this.#cache.set(path, cached);
  }
}

const SCRIPT_POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'";

/** A file as it is sent, with the policy that fits what is in it. */
export function toStaticFile(body: Buffer, extension: string, immutable = false): StaticFile {
  const isPage = extension === ".html";
  const etag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`;
  const headers: Record<string, string> = {
    "content-type": TYPES[extension] ?? "application/octet-stream",
    "cache-control": immutable ? "public, max-age=31536000, immutable" : "no-cache",
    etag,
  };
  if (isPage) headers["content-security-policy"] = contentSecurityPolicy(body.toString("utf8"));
  // A worker is bound by its own answer's policy, not by its page's; the pages' one reads the stream.
  if (extension === ".js") headers["content-security-policy"] = SCRIPT_POLICY;
  return { body, headers, etag, isPage };
}

/**
 * A policy that lets a page run its own files and exactly the inline scripts and styles it holds
 * (https://www.w3.org/TR/CSP3/).
 */
export function contentSecurityPolicy(html: string): string {
  const scripts = inlineHashes(html, /<script(?![^>]*\bsrc=)[^>]*>([\s\S]*?)<\/script>/gi);
  const styles = inlineHashes(html, /<style[^>]*>([\s\S]*?)<\/style>/gi);
  return [
    "default-src 'self'",
    ["script-src 'self'", ...scripts].join(" "),
    ["style-src 'self'", ...styles].join(" "),
    "img-src 'self' data:",
    "connect-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join("; ");
}

/** Whether a client's If-None-Match names this version (RFC 9110, section 13.1.2). */
export function isUnchanged(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  const tags = ifNoneMatch.split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  return tags.includes("*") || tags.includes(etag);
}

function inlineHashes(html: string, pattern: RegExp): string[] {
  return Array.from(html.matchAll(pattern), (match) => {
    const hash = createHash("sha256")
      .update(match[1] ?? "")
      .digest("base64");
    return `'sha256-${hash}'`;
  });
}

function pathUnder(folder: string, urlPath: string): string | undefined {
  let decoded: string;
  try {
    decoded = decodeURIComponent(urlPath);
  } catch {
    return undefined;
  }
  if (decoded.includes("\0") || decoded.includes("\\")) return undefined;
  const path = resolve(join(folder, decoded));
  return path.startsWith(folder + sep) ? path : undefined;
}

/** Names like `assets/index-B3f9xQ2a.js`: another content has another name. */
function isHashed(urlPath: string): boolean {
  return /^\/assets\/.+-[\w-]{8,}\.\w+$/.test(urlPath);
}

function isMissing(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "ENOENT" || code === "ENOTDIR" || code === "ENAMETOOLONG" || code === "EISDIR";
}
