// The API as a page to read: one file, no request to anywhere else, searchable, with a curl line
// per route that can be pasted as it is. Written from the OpenAPI document.

import { docsScript, docsStyle } from "./docs-page-assets.ts";
import { accessWords } from "./openapi.ts";
import type { OpenApiDocument, OpenApiOperation } from "./openapi.ts";
import type { ErrorTable } from "../core/index.ts";

type Json = Readonly<Record<string, unknown>>;

/** One route of the document. */
interface Entry {
  readonly method: string;
  readonly path: string;
  readonly operation: OpenApiOperation;
}

/**
 * Writes the page.
 * @param baseUrl where the server is reached, for the curl lines.
 * @param errors every error that can be answered; a problem's `type` points here.
 */
export function docsPage(document: OpenApiDocument, baseUrl: string, errors: ErrorTable): string {
  const entries = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      operation,
    })),
  );
  const tags = document.tags.map((tag) => String(tag["name"]));
  const sections = tags.map((tag) =>
    section(
      tag,
      entries.filter((entry) => entry.operation.tags.includes(tag)),
      document,
      baseUrl,
    ),
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark light">
<title>API - Agent Cellphone</title>
<style>${docsStyle}</style>
</head>
<body>
<nav aria-label="Groups"><p class="home"><a href="/">Agent Cellphone</a></p>
<ul>${[...tags, "Shapes", "Errors"].map(link).join("")}</ul></nav>
<main>
<header><h1>API</h1>
<p>${escape(String(document.info["description"]))}</p>
<p class="meta">Version ${escape(String(document.info["version"]))},
<a href="/api/openapi.json">OpenAPI ${document.openapi}</a>. On the server's own machine no key is
needed: <code>curl --unix-socket .cellphone/control.sock http://localhost/api/v1/overview</code></p>
<label class="search">Search <input type="search" id="search" autocomplete="off"
placeholder="claim, dead letter, /metrics"> <span class="meta" id="count" role="status"></span></label>
</header>
${sections.join("\n")}
${shapes(document)}
${errorSection(errors)}
<p id="none" hidden>No route fits. Search for a path, a word of its summary, or a field.</p>
</main>
<script>${docsScript}</script>
</body>
</html>
`;
}

function link(tag: string): string {
  return `<li><a href="#${anchor(tag)}">${escape(tag)}</a></li>`;
}

function section(
  tag: string,
  entries: readonly Entry[],
  document: OpenApiDocument,
  baseUrl: string,
): string {
  const routes = entries.map((entry) => article(entry, document, baseUrl)).join("\n");
  return `<section aria-labelledby="${anchor(tag)}"><h2 id="${anchor(tag)}">${escape(tag)}</h2>
${routes}
</section>`;
}

/** The named shapes that routes take and answer with. */
function shapes(document: OpenApiDocument): string {
  const all = Object.entries(document.components.schemas).map(([name, schema]) => {
    const searched = escape(`${name} ${JSON.stringify(schema)}`.toLowerCase());
    return `<details class="route" id="${name}" data-words="${searched}">
<summary><code>${name}</code> <span class="what">${escape(textOf(schema["description"]))}</span>
</summary><div class="body">${table("Fields", fieldRows(schema, document))}</div></details>`;
  });
  return `<section aria-labelledby="shapes"><h2 id="shapes">Shapes</h2>
${all.join("\n")}
</section>`;
}

/** Errors that travel: status 0 means that a client made it itself. */
function errorSection(errors: ErrorTable): string {
  const sent = Object.entries(errors).filter(([, { status }]) => status > 0);
  const all = sent.map(([code, { status, meaning, remedy, retryable }]) => {
    const searched = escape(`${code} ${status} ${meaning} ${remedy}`.toLowerCase());
    const again = retryable ? "The same call may succeed later." : "Repeating it does not help.";
    return `<details class="route" id="${escape(code)}" data-words="${searched}">
<summary><span class="method">${status}</span> <code>${escape(code)}</code>
<span class="what">${escape(meaning)}</span></summary>
<div class="body"><p>${escape(remedy)} ${again}</p></div></details>`;
  });
  return `<section aria-labelledby="errors"><h2 id="errors">Errors</h2>
${all.join("\n")}
</section>`;
}

function article(
  { method, path, operation }: Entry,
  document: OpenApiDocument,
  baseUrl: string,
): string {
  const access = operation["x-access"];
  const schema = bodySchema(operation);
  const words = [method, path, operation.summary, operation.description, JSON.stringify(schema)];
  const searched = escape(words.join(" ").toLowerCase());
  return `<details class="route" id="${operation.operationId}" data-words="${searched}">
<summary><span class="method">${method}</span> <code>${escape(path)}</code>
<span class="what">${escape(operation.summary)}</span>
<span class="access" title="${escape(accessWords[access] ?? "")}">${escape(access)}</span></summary>
<div class="body"><p>${escape(operation.description)}</p>
${parameterTable(operation)}${bodyTable(schema, document)}${answerTable(operation)}
<h3>Try it</h3>
<div class="code"><pre><code>${escape(curlLine({ method, path, operation }, baseUrl))}</code></pre>
<button type="button" class="copy">Copy</button></div></div></details>`;
}

function parameterTable(operation: OpenApiOperation): string {
  const rows = operation.parameters.map((parameter) => {
    const { schema } = parameter;
    const required = parameter["required"] === true ? ", required" : "";
    return row(
      String(parameter["name"]),
      `${typeName(schema)}, in ${String(parameter["in"])}${required}`,
      textOf(parameter["description"]),
    );
  });
  return table("Parameters", rows);
}

function bodyTable(schema: Json | undefined, document: OpenApiDocument): string {
  return schema === undefined ? "" : table("Body", fieldRows(schema, document));
}

function fieldRows(schema: Json, document: OpenApiDocument): string[] {
  const resolved = resolve(schema, document);
  const required = Array.isArray(resolved["required"]) ? resolved["required"] : [];
  return Object.entries(asObject(resolved["properties"])).map(([name, field]) => {
    const { description, default: preset } = asObject(field);
    const unset = preset === undefined ? "" : `, default ${JSON.stringify(preset)}`;
    const isRequired = required.includes(name) && preset === undefined;
    const type = typeName(field) + (isRequired ? ", required" : unset);
    return row(name, type, textOf(description));
  });
}

function answerTable(operation: OpenApiOperation): string {
  const rows = Object.entries(operation.responses).map(([status, response]) => {
    const [media = "no body", content] = Object.entries(asObject(response["content"]))[0] ?? [];
    const type = content === undefined ? "" : typeName(asObject(content)["schema"]);
    const isJson = media === "application/json";
    const shape = isJson ? type : media;
    return row(status, shape, String(response["description"]));
  });
  return table("Answers", rows);
}

function table(title: string, rows: readonly string[]): string {
  if (rows.length === 0) return "";
  return `<h3>${title}</h3><table><tbody>${rows.join("")}</tbody></table>`;
}

function row(name: string, type: string, text: string): string {
  return `<tr><th scope="row"><code>${escape(name)}</code></th>
<td>${escape(type)}</td><td>${escape(text)}</td></tr>`;
}

/** A schema's type in a few words: `AgentView[]`, `"low" | "high"`, `integer`. */
function typeName(schema: unknown): string {
  const { $ref, type, enum: values, items, anyOf, const: constant, properties } = asObject(schema);
  if (typeof $ref === "string") return $ref.slice($ref.lastIndexOf("/") + 1);
  if (Array.isArray(values)) return values.map((value) => JSON.stringify(value)).join(" | ");
  if (constant !== undefined) return JSON.stringify(constant);
  if (Array.isArray(anyOf)) return anyOf.map(typeName).join(" | ");
  if (type === "array") return `${typeName(items)}[]`;
  const fields = Object.entries(asObject(properties));
  if (fields.length > 0) {
    return `{ ${fields.map(([name, field]) => `${name}: ${typeName(field)}`).join("; ")} }`;
  }
  return typeof type === "string" ? type : "any JSON";
}

/** A line for a shell, whole: key from the environment, body from the route's example. */
function curlLine({ method, path, operation }: Entry, baseUrl: string): string {
  const filled = path.replaceAll(/\{\w+\}/g, examplePart(path));
  const needed = operation.parameters.filter(
    (parameter) => parameter["in"] === "query" && parameter["required"] === true,
  );
  const query = needed.map((parameter) => `${textOf(parameter["name"])}=response_time`).join("&");
  const url = quote(baseUrl + filled + (query === "" ? "" : `?${query}`));
  const options = path.endsWith("/stream") ? "-N " : method === "GET" ? "" : `-X ${method} `;
  const lines = [`curl ${options}${url}`];
  if (operation.security.length > 0) lines.push('-H "Authorization: Bearer $CELLPHONE_KEY"');
  const { example } = jsonMedia(operation);
  if (example !== undefined) {
    lines.push("-H 'content-type: application/json'", `-d ${quote(JSON.stringify(example))}`);
  }
  return lines.join(" \\\n  ");
}

/** What stands for a parameter in an example, by what the path is about. */
function examplePart(path: string): string {
  const examples: Readonly<Record<string, string>> = {
    messages: "msg_...",
    tasks: "task_...",
    enrolments: "enr_...",
    "dead-letters": "dlv_...",
    namespaces: "demo",
    sdk: "agent_cellphone.py",
  };
  const about = path.replace("/api/v1", "").split("/")[1] ?? "";
  return examples[about] ?? "worker-1";
}

function bodySchema(operation: OpenApiOperation): Json | undefined {
  const { schema } = jsonMedia(operation);
  return schema === undefined ? undefined : asObject(schema);
}

function jsonMedia(operation: OpenApiOperation): Json {
  const content = asObject(asObject(operation.requestBody)["content"]);
  return asObject(content["application/json"]);
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function resolve(schema: Json, document: OpenApiDocument): Json {
  const { $ref } = schema;
  if (typeof $ref !== "string") return schema;
  return document.components.schemas[$ref.slice($ref.lastIndexOf("/") + 1)] ?? schema;
}

function asObject(value: unknown): Json {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

function anchor(tag: string): string {
  return tag.toLowerCase().replaceAll(/\W+/g, "-");
}

function escape(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
