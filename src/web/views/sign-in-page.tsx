// Signing in: the link's fragment carries a code that is redeemed once; a code typed by hand
// works too. Whatever fails says which command helps.

import { useEffect, useState } from "preact/hooks";
import { afterSignIn } from "../model/routes.ts";
import { ApiError } from "../state/api-client.ts";
import { useApp } from "../state/app.ts";
import { CommandLine } from "./parts/empty-state.tsx";

/** Why the sign-in page is shown. */
export interface SignInPageProps {
  readonly reason: "asked" | "signed-out";
}

/** The page at /in, and wherever a session is missing. */
export function SignInPage({ reason }: SignInPageProps) {
  const { api } = useApp();
  const [problem, setProblem] = useState<ApiError | undefined>(undefined);
  const [busy, setBusy] = useState(false);
  const redeem = async (code: string): Promise<void> => {
    setBusy(true);
    try {
      await api.post("/in", { code });
      const asked = afterSignIn(new URLSearchParams(location.search));
      location.replace(reason === "asked" ? asked : location.href);
    } catch (error) {
      setBusy(false);
      setProblem(error instanceof ApiError ? error : undefined);
    }
  };
  useEffect(() => {
    const readCode = (): void => {
      const code = location.hash.slice(1);
      if (reason !== "asked" || code === "") return;
      // The code leaves the address before anything else can read it.
      history.replaceState(null, "", location.pathname + location.search);
      void redeem(code);
    };
    readCode();
    // A second link opened in this tab changes nothing but the fragment.
    addEventListener("hashchange", readCode);
    return () => removeEventListener("hashchange", readCode);
  }, []);
  return (
    <main class="sign-in" aria-labelledby="sign-in-title">
      <p class="nav-brand">Agent Cellphone</p>
      <h1 id="sign-in-title">{titleOf(reason, problem, busy)}</h1>
      {busy ? null : <SignInHelp problem={problem} onCode={(code) => void redeem(code)} />}
    </main>
  );
}

function titleOf(reason: string, problem: ApiError | undefined, busy: boolean): string {
  if (busy) return "Signing in";
  if (problem?.unreachable === true) return "The server does not answer";
  if (problem !== undefined) return "This code does not sign you in";
  return reason === "asked" ? "Sign in" : "This browser is not signed in";
}

interface SignInHelpProps {
  readonly problem: ApiError | undefined;
  readonly onCode: (code: string) => void;
}

function SignInHelp({ problem, onCode }: SignInHelpProps) {
  const [typed, setTyped] = useState("");
  const away = problem?.unreachable === true;
  return (
    <>
      {problem === undefined ? null : (
        <p class="sign-in-problem" role="alert">
          {problem.message}
        </p>
      )}
      <p>
        {away
          ? "Start it in its folder, then reload this page:"
          : "On the machine where the server runs, this prints a new link, valid for 15 minutes:"}
      </p>
      <CommandLine command={away ? "npm start" : "./cellphone login"} />
      <form
        class="sign-in-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (typed.trim() !== "") onCode(typed.trim());
        }}
      >
        <label for="code">Or type its code</label>
        <div class="field-row">
          <input
            id="code"
            class="input"
            autocomplete="one-time-code"
            spellcheck={false}
            placeholder="7Q4K-M2XD"
            value={typed}
            onInput={(event) => setTyped(event.currentTarget.value)}
          />
          <button type="submit" class="button button-primary">
            Sign in
          </button>
        </div>
      </form>
    </>
  );
}
