// Pages, their files, the SDKs to download, and the API's documentation.

import { readFile } from "node:fs/promises";
import { extname } from "node:path";

import { z } from "zod";

import { SecurityError } from "../../security/index.ts";
import { docsPage } from "../docs-page.ts";
import { ServerError } from "../errors.ts";
import type { OpenApiDocument } from "../openapi.ts";
import { content, defineRoute, empty, json } from "../route.ts";
import type { Route, RouteContext } from "../route.ts";
import type { Services } from "../services.ts";
import { isUnchanged, toStaticFile } from "../static-files.ts";
import type { StaticFile } from "../static-files.ts";

const NOT_BUILT =
  "The pages have not been built. Run `npm run build` (or `npm start`, which builds what is\n" +
  "stale) and reload. The API works without them: GET /api/docs.\n";

export function pageRoutes(services: Services, openApi: () => OpenApiDocument): readonly Route[] {
  return [...documentation(services, openApi), sdk(services), signIn(services), files(services)];
}

function documentation({ baseUrl, errors }: Services, openApi: () => OpenApiDocument): Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/openapi.json",
      summary: "This API as an OpenAPI 3.1 document",
      tag: "Documentation",
      action: "documentation.read",
      scope: "server",
      responses: { 200: json("The document", z.looseObject({ openapi: z.string() })) },
      resource: () => ({ kind: "documentation", id: "openapi" }),
      handler: () => ({ ...openApi() }),
    }),
    defineRoute({
      method: "GET",
      path: "/api/docs",
      summary: "This API as a page to read",
      tag: "Documentation",
      action: "documentation.read",
      scope: "server",
      responses: { 200: content("text/html", "The page"), 304: empty("As it was") },
      resource: () => ({ kind: "documentation", id: "page" }),
      handler: (context) => {
        const page = Buffer.from(docsPage(openApi(), baseUrl(), errors));
        return sendFile(context, toStaticFile(page, ".html"));
      },
    }),
  ];
}

function sdk({ sdkFiles }: Services): Route {
  return defineRoute({
    method: "GET",
    path: "/sdk/{file}",
    summary: "Download an SDK",
    description: "agent_cellphone.py (one file, standard library) or agent-cellphone.js.",
    tag: "Documentation",
    action: "sdk.read",
    scope: "server",
    params: z.strictObject({ file: z.string().max(128) }),
    responses: { 200: content("text/plain", "The file"), 304: empty("As it was") },
    resource: ({ params }) => ({ kind: "sdk", id: params.file }),
    async handler(context) {
      const { file } = context.params;
      const path = Object.hasOwn(sdkFiles, file) ? sdkFiles[file] : undefined;
      const body = path === undefined ? undefined : await readIfThere(path);
      if (body !== undefined) return sendFile(context, toStaticFile(body, extname(file)));
      const known = Object.keys(sdkFiles).join(", ") || "none in this installation";
      throw new ServerError("server.not_found", `No SDK file "${file}"; there are: ${known}`);
    },
  });
}

function signIn({ pages }: Services): Route {
  return defineRoute({
    method: "GET",
    path: "/in",
    summary: "The page to sign in on",
    tag: "Identity",
    action: "page.read",
    scope: "server",
    undocumented: true,
    query: z.looseObject({}),
    responses: {
      200: content("text/html", "The page"),
      304: empty("As it was"),
      503: content("text/plain", "The pages are not built"),
    },
    resource: () => ({ kind: "page", id: "/in" }),
    handler: async (context) => sendPage(context, await pages.page()),
  });
}

/** Everything else: a file of the built pages, or the page that shows every view. */
function files({ pages }: Services): Route {
  return defineRoute({
    method: "GET",
    path: "/*",
    summary: "The pages",
    tag: "Pages",
    action: "page.read",
    scope: "server",
    undocumented: true,
    params: z.looseObject({}),
    query: z.looseObject({}),
    responses: {
      200: content("application/octet-stream", "The file"),
      304: empty("As it was"),
      503: content("text/plain", "The pages are not built"),
    },
    resource: () => ({ kind: "page", id: "*" }),
    async handler(context) {
      const { request, principal } = context;
      const [path = "/"] = request.url.split("?");
      const file = await pages.find(path);
      if (file !== undefined && !file.isPage) return sendFile(context, file);
      if (isReserved(path) || !asksForPage(path, request.headers.accept)) {
        throw new ServerError("server.route_unknown", `Nothing is at GET ${path}`);
      }
      if (principal.kind !== "admin") {
        throw new SecurityError("security.key_missing", `${path} is a page for signed-in people`);
      }
      return sendPage(context, await pages.page());
    },
  });
}

function sendPage(
  context: RouteContext,
  page: StaticFile | undefined,
): Buffer | string | undefined {
  if (page !== undefined) return sendFile(context, page);
  context.status(503);
  context.reply.type("text/plain; charset=utf-8");
  return NOT_BUILT;
}

function sendFile(context: RouteContext, file: StaticFile): Buffer | undefined {
  context.reply.headers(file.headers);
  if (!isUnchanged(context.request.headers["if-none-match"], file.etag)) return file.body;
  context.status(304);
  return undefined;
}

/** Paths of programs: a mistyped one must not be answered with a page. */
function isReserved(path: string): boolean {
  return /^\/(?:api|sdk|assets|healthz|readyz)(?:\/|$)/.test(path);
}

function asksForPage(path: string, accept: string | undefined): boolean {
  return accept?.includes("text/html") === true || extname(path) === "";
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
