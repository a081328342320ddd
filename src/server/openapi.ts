// The OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.1), written from the same route
// table that serves the requests, so that it cannot say anything else.

import { z } from "zod";

import { actionTable } from "../security/index.ts";

import type { ContentResponse, JsonResponse, Route } from "./route.ts";
import { namedSchemas, problemSchema } from "./schemas/common.ts";

type JsonSchema = Readonly<Record<string, unknown>>;

/** A schema, as far as its parts are looked at. */
interface ObjectSchema extends JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
}

/** One operation of the document, as far as the readable page needs to know. */
export interface OpenApiOperation {
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly security: readonly JsonSchema[];
  readonly parameters: readonly JsonSchema[];
  readonly requestBody?: JsonSchema;
  readonly responses: Readonly<Record<string, JsonSchema>>;
  /** Who may call it: see security/authorize.ts. */
  readonly "x-access": string;
}

/** The document. */
export interface OpenApiDocument {
  readonly openapi: "3.1.1";
  readonly info: JsonSchema;
  readonly servers: readonly JsonSchema[];
  readonly tags: readonly JsonSchema[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, JsonSchema>>;
    readonly securitySchemes: JsonSchema;
  };
}

/** Who may call a route, in words. */
export const accessWords: Readonly<Record<string, string>> = {
  public: "Needs no key.",
  known: "Any key or session.",
  enrol: "An enrolment or an admin.",
  agent: "Any agent of the namespace, or an admin.",
  self: "The agent itself, or an admin.",
  admin: "Admins only.",
};

/** Writes the document for these routes. */
export function buildOpenApi(routes: readonly Route[], version: string): OpenApiDocument {
  const documented = routes.filter((route) => route.undocumented !== true);
  const schemas = componentSchemas();
  const paths: Record<string, Record<string, OpenApiOperation>> = {};
  for (const route of documented) {
    const operations = (paths[route.path] ??= {});
    operations[route.method.toLowerCase()] = toOperation(route);
  }
  const tags = [...new Set(documented.map((route) => route.tag))].map((name) => ({ name }));
  return {
    openapi: "3.1.1",
    info: {
      title: "Agent Cellphone control plane",
      version,
      description:
        "A phone, a switchboard and a control room for a fleet of agents. Instants are " +
        "milliseconds since the Unix epoch. Errors are problem details (RFC 9457) with a code " +
        "and a remedy. An admin names a namespace with the header x-cellphone-namespace.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/" }],
    tags,
    paths,
    components: { schemas, securitySchemes },
  };
}

const securitySchemes = {
  bearer: { type: "http", scheme: "bearer", description: "admin_, agent_ or enrol_ key" },
  key: { type: "apiKey", in: "header", name: "x-cellphone-key" },
  session: { type: "apiKey", in: "cookie", name: "cellphone_session" },
};

function toOperation(route: Route): OpenApiOperation {
  const access = actionTable[route.action];
  const open = access === "public";
  const errors = open ? ["default"] : ["401", "403", "default"];
  const base = {
    operationId: `${route.method.toLowerCase()}${operationName(route.path)}`,
    summary: route.summary,
    description: [route.description, accessWords[access]].filter(Boolean).join(" "),
    tags: [route.tag],
    security: open ? [] : [{ bearer: [] }, { key: [] }, { session: [] }],
    parameters: parametersOf(route),
    responses: {
      ...Object.fromEntries(Object.entries(route.responses).map(([s, r]) => [s, toResponse(r)])),
      ...Object.fromEntries(errors.map((status) => [status, problemResponse(status)])),
    },
    "x-access": access,
  };
  if (route.rawBody !== undefined) return { ...base, requestBody: rawRequestBody(route.rawBody) };
  if (route.body === undefined) return base;
  const schema = toSchema(route.body, "input");
  const required = !route.body.safeParse({}).success;
  const { example } = route;
  const media = example === undefined ? { schema } : { schema, example };
  return { ...base, requestBody: { required, content: { "application/json": media } } };
}

function rawRequestBody({ description }: NonNullable<Route["rawBody"]>): JsonSchema {
  return { required: true, description, content: { "application/json": { schema: {} } } };
}

function parametersOf(route: Route): JsonSchema[] {
  const found: JsonSchema[] = [];
  for (const place of ["path", "query"] as const) {
    const { properties, required } = toSchema(
      place === "path" ? route.params : route.query,
      "input",
    );
    for (const [name, field] of Object.entries(properties ?? {})) {
      const { description, ...schema } = field;
      const words = description === undefined ? {} : { description };
      const isRequired = required?.includes(name) === true;
      found.push({ name, in: place, required: isRequired, schema, ...words });
    }
  }
  if (route.scope !== "server" && actionTable[route.action] !== "public") {
    found.push({
      name: "x-cellphone-namespace",
      in: "header",
      required: false,
      description: "Namespace an admin acts in; `?namespace=` does the same. Default: default.",
      schema: { type: "string" },
    });
  }
  return found;
}

function toResponse(response: Route["responses"][number]): JsonSchema {
  const { description } = response;
  if (isJson(response)) {
    const schema = toSchema(response.schema, "output");
    return { description, content: { "application/json": { schema } } };
  }
  if (!isContent(response)) return { description };
  return { description, content: { [response.contentType]: { schema: { type: "string" } } } };
}

function problemResponse(status: string): JsonSchema {
  const descriptions: Readonly<Record<string, string>> = {
    "401": "No key was given, or it does not count",
    "403": "This caller may not do that",
    default: "A problem, with a code and a remedy",
  };
  const schema = toSchema(problemSchema, "output");
  const description = descriptions[status];
  return { description, content: { "application/problem+json": { schema } } };
}

function isJson(response: Route["responses"][number]): response is JsonResponse<unknown> {
  return "schema" in response;
}

function isContent(response: Route["responses"][number]): response is ContentResponse {
  return "contentType" in response;
}

function referenceTo(id: string): string {
  return `#/components/schemas/${id}`;
}

/** A schema where it is used: named ones as references, others written out. */
function toSchema(schema: z.ZodType, io: "input" | "output"): ObjectSchema {
  const name = namedSchemas.get(schema)?.id;
  if (name !== undefined) return { $ref: referenceTo(name) };
  const inline = z.toJSONSchema(schema, {
    io,
    metadata: namedSchemas,
    unrepresentable: "any",
    override: addDescription,
  });
  // Named schemas come as local definitions; in this document they live among the components.
  return withComponentReferences(without(inline, "$schema", "$defs"));
}

function componentSchemas(): Record<string, JsonSchema> {
  const { schemas } = z.toJSONSchema(namedSchemas, {
    io: "input",
    uri: referenceTo,
    unrepresentable: "any",
    override: addDescription,
  });
  return Object.fromEntries(
    Object.entries(schemas).map(([id, schema]) => [id, without(schema, "$schema", "$id")]),
  );
}

/** Descriptions live in zod's own registry, names in ours. */
function addDescription(context: {
  readonly zodSchema: z.core.$ZodType;
  readonly jsonSchema: z.core.JSONSchema.BaseSchema;
}): void {
  const description = z.globalRegistry.get(context.zodSchema)?.description;
  if (description !== undefined) context.jsonSchema.description ??= description;
}

function withComponentReferences(schema: object): ObjectSchema {
  const text = JSON.stringify(schema).replaceAll(
    '"$ref":"#/$defs/',
    '"$ref":"#/components/schemas/',
  );
  const parsed: ObjectSchema = JSON.parse(text);
  return parsed;
}

function without(schema: object, ...keys: readonly string[]): JsonSchema {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => !keys.includes(key)));
}

function operationName(path: string): string {
  const words = path.replace(/^\/api\/v1/, "").split(/[^A-Za-z0-9]+/);
  return words.map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join("");
}
