// The few lines that connect a first agent, in three languages, with the address of this server
// and (once made) an enrolment string filled in.

/** Languages of the connect page. */
export const SNIPPET_LANGUAGES = ["Python", "TypeScript", "curl"] as const;
export type SnippetLanguage = (typeof SNIPPET_LANGUAGES)[number];

/** One step: what it does, what to copy. */
export interface SnippetStep {
  readonly title: string;
  readonly code: string;
  /** True when the code carries the enrolment string. */
  readonly secret: boolean;
}

/** Where the server is and how to enrol. */
export interface SnippetContext {
  /** Origin of this page, such as http://127.0.0.1:2355. */
  readonly origin: string;
  /** http://enrol_...@host:port; undefined until it was made. */
  readonly enrolmentUrl: string | undefined;
  /** Name of the agent to be. */
  readonly name: string;
}

/** The first worker-N that is not taken: a name in use would be refused. */
export function freeName(taken: ReadonlySet<string>): string {
  let number = 1;
  while (taken.has(`worker-${number}`)) number += 1;
  return `worker-${number}`;
}

/** What a command needs to act in the namespace on screen, ending in a space; "" for the default. */
export function namespaceFlag(namespace: string | undefined): string {
  return namespace === undefined ? "" : `--namespace ${namespace} `;
}

/** The command that starts a program as an agent of that name. */
export function runCommand(name: string, namespace: string | undefined): string {
  return `./cellphone run ${namespaceFlag(namespace)}--name ${name} -- python3 agent.py`;
}

/** Shown in place of the enrolment string until it was made. */
export const ENROLMENT_PLACEHOLDER = "enrol_…";

/** The steps of one language. */
export function snippetSteps(
  language: SnippetLanguage,
  context: SnippetContext,
): readonly SnippetStep[] {
  const placeholder = context.origin.replace("://", `://${ENROLMENT_PLACEHOLDER}@`);
  const place = { ...context, url: context.enrolmentUrl ?? placeholder };
  if (language === "Python") return pythonSteps(place);
  if (language === "TypeScript") return typescriptSteps(place);
  return curlSteps(place);
}

/** The user part of an enrolment URL. */
export function tokenOf(url: string): string {
  return /:\/\/([^@/]+)@/u.exec(url)?.[1] ?? ENROLMENT_PLACEHOLDER;
}

interface Place {
  readonly origin: string;
  readonly url: string;
  readonly name: string;
}

function pythonSteps({ origin, url, name }: Place): readonly SnippetStep[] {
  return [
    {
      title: "Get the SDK, one file of the standard library",
      code: `curl -fO ${origin}/sdk/agent_cellphone.py`,
      secret: false,
    },
    {
      title: "agent.py",
      code: `from agent_cellphone import Phone

phone = Phone(name="${name}", capabilities=["greet"])

@phone.on("task_assignment")
def greet(message):
    return {"text": f"Hello, {message.payload['name']}"}

phone.run()`,
      secret: false,
    },
    { title: "Run it", code: `CELLPHONE_URL=${url} python3 agent.py`, secret: true },
  ];
}

function typescriptSteps({ origin, url, name }: Place): readonly SnippetStep[] {
  return [
    {
      title: "Get the SDK, one file without dependencies",
      code: `curl -fO ${origin}/sdk/agent-cellphone.js`,
      secret: false,
    },
    {
      title: "agent.mjs",
      code: `import { connect } from "./agent-cellphone.js";

const phone = await connect({ name: "${name}", capabilities: ["greet"] });

phone.on("task_assignment", (message) => {
  return { text: \`Hello, \${message.payload.name}\` };
});

await phone.run();`,
      secret: false,
    },
    { title: "Run it", code: `CELLPHONE_URL=${url} node agent.mjs`, secret: true },
  ];
}

function curlSteps({ origin, url, name }: Place): readonly SnippetStep[] {
  const token = tokenOf(url);
  return [
    {
      title: "Enrol; the answer carries the agent's key",
      code: `curl -fsS ${origin}/api/v1/enrol \\
  -H 'authorization: Bearer ${token}' \\
  -H 'content-type: application/json' \\
  -d '{"name":"${name}","capabilities":["greet"]}'`,
      secret: true,
    },
    {
      title: "Show a sign of life",
      code: `export CELLPHONE_KEY=agent_…   # "key" of the answer
curl -fsS ${origin}/api/v1/agents/${name}/heartbeat \\
  -H "authorization: Bearer $CELLPHONE_KEY" \\
  -H 'content-type: application/json' -d '{"status":"online"}'`,
      secret: false,
    },
    {
      title: "Wait for a message, up to a minute",
      code: `curl -fsS ${origin}/api/v1/inbox/${name}/claim \\
  -H "authorization: Bearer $CELLPHONE_KEY" \\
  -H 'content-type: application/json' -d '{"waitMs":60000}'`,
      secret: false,
    },
  ];
}
