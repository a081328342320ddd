// How to connect an agent: three languages, a few lines each, with this server's address and an
// enrolment string made on request.

import { useState } from "preact/hooks";
import { formatTime } from "../../model/format.ts";
import { SNIPPET_LANGUAGES, freeName, runCommand, snippetSteps } from "../../model/snippets.ts";
import type { SnippetLanguage, SnippetStep } from "../../model/snippets.ts";
import { useApp } from "../../state/app.ts";
import { CopyButton } from "../parts/copy-button.tsx";
import { CommandLine } from "../parts/empty-state.tsx";

interface Enrolment {
  readonly url: string;
  readonly expiresAtMs: number;
}

/** Tabs with steps. */
export function ConnectSteps() {
  const { api, live, namespace } = useApp();
  // Chosen once, when the fleet is known: the commands must not change when the agent they name has joined.
  const [name] = useState(() => freeName(new Set(live.agents.peek()?.keys())));
  const [language, setLanguage] = useState<SnippetLanguage>("Python");
  const [enrolment, setEnrolment] = useState<Enrolment | undefined>(undefined);
  const [problem, setProblem] = useState("");
  const context = { origin: location.origin, enrolmentUrl: enrolment?.url, name };
  const make = async (): Promise<Enrolment> => {
    if (enrolment !== undefined) return enrolment;
    const made = await api.post<Enrolment>("/api/v1/enrolments", { note: "dashboard" });
    setEnrolment(made);
    return made;
  };
  const onMake = (): void => {
    make().catch((error: unknown) => {
      setProblem(error instanceof Error ? error.message : String(error));
    });
  };
  /** Copying a step that needs the string makes it first. */
  const copyOf = async (index: number): Promise<string> => {
    const { url } = await make();
    const steps = snippetSteps(language, { ...context, enrolmentUrl: url });
    return steps[index]?.code ?? "";
  };
  return (
    <div class="connect">
      <section class="panel" aria-label="Any program">
        <h2 class="panel-title">Any program on this machine</h2>
        <p class="panel-note">
          Gives it an identity, watches its process, and shows its log. It needs no key.
        </p>
        <CommandLine command={runCommand(name, namespace)} />
      </section>
      <section class="panel" aria-label="With the SDK or plain HTTP">
        <LanguageTabs language={language} onChoose={setLanguage} />
        <ol class="steps" aria-label={language}>
          {snippetSteps(language, context).map((step, index) => (
            <Step
              key={step.title}
              step={step}
              copyText={step.secret ? () => copyOf(index) : step.code}
            />
          ))}
        </ol>
        <EnrolmentNote enrolment={enrolment} onMake={onMake} />
        {problem === "" ? null : (
          <p class="problem" role="alert">
            {problem}
          </p>
        )}
      </section>
    </div>
  );
}

interface LanguageTabsProps {
  readonly language: SnippetLanguage;
  readonly onChoose: (language: SnippetLanguage) => void;
}

function LanguageTabs({ language, onChoose }: LanguageTabsProps) {
  return (
    <div class="tabs" role="tablist" aria-label="Language">
      {SNIPPET_LANGUAGES.map((name) => (
        <button
          key={name}
          type="button"
          role="tab"
          aria-selected={name === language}
          onClick={() => onChoose(name)}
        >
          {name}
        </button>
      ))}
    </div>
  );
}

interface EnrolmentNoteProps {
  readonly enrolment: Enrolment | undefined;
  readonly onMake: () => void;
}

function EnrolmentNote({ enrolment, onMake }: EnrolmentNoteProps) {
  const { nowMs } = useApp();
  if (enrolment === undefined) {
    return (
      <div class="enrolment">
        <button type="button" class="button" onClick={onMake}>
          Create enrolment string
        </button>
        <span class="dim">
          It lets agents join this namespace. Copying a command that needs one creates it too.
        </span>
      </div>
    );
  }
  const until = formatTime(enrolment.expiresAtMs, nowMs.peek(), false);
  return (
    <div class="enrolment">
      <span class="dim" role="status">
        Enrolment string filled in; it works until {until} and is not shown again.
      </span>
    </div>
  );
}

interface StepProps {
  readonly step: SnippetStep;
  readonly copyText: string | (() => Promise<string>);
}

function Step({ step, copyText }: StepProps) {
  return (
    <li class="step">
      <div class="step-head">
        <span>{step.title}</span>
        <CopyButton text={copyText} />
      </div>
      <pre class="code" tabIndex={0}>
        {step.code}
      </pre>
    </li>
  );
}
