// A question with fields, an answer and a way back; what the server refuses stands inside.

import type { ComponentChildren } from "preact";
import { useId, useState } from "preact/hooks";
import { capital } from "../../model/agent-words.ts";
import { Dialog } from "./dialog.tsx";

/** A form in a dialog. */
export interface FormDialogProps {
  readonly title: string;
  /** What happens, said before it does. */
  readonly lead?: ComponentChildren;
  readonly verb: string;
  readonly danger?: boolean;
  readonly children: ComponentChildren;
  /** Does it; a rejection's message is shown and the dialog stays. */
  readonly onSubmit: () => Promise<void>;
  readonly onClose: () => void;
}

/** Closes itself when the work is done. */
export function FormDialog(props: FormDialogProps) {
  const { title, lead, verb, danger, children, onSubmit, onClose } = props;
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (): Promise<void> => {
    setBusy(true);
    try {
      await onSubmit();
      onClose();
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      // The server names a field by its place in the request; here it is simply the field.
      setProblem(capital(words.replace(/^body\./u, "")));
      setBusy(false);
    }
  };
  return (
    <Dialog label={title} class="form-dialog" onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <h2 class="section-title">{title}</h2>
        {lead === undefined ? null : <p class="form-lead">{lead}</p>}
        {children}
        {problem === "" ? null : (
          <p class="problem" role="alert">
            {problem}
          </p>
        )}
        <div class="dialog-verbs">
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button
            type="submit"
            class={`button ${danger === true ? "button-danger" : "button-primary"}`}
            disabled={busy}
          >
            {verb}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** A labelled field; its hint explains the unit or what empty means. */
export interface TextFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onInput: (value: string) => void;
  readonly hint?: string;
  readonly placeholder?: string;
  readonly required?: boolean;
  readonly autofocus?: boolean;
  /** Lines of a larger field. */
  readonly rows?: number;
  readonly mono?: boolean;
  /** Digits only. */
  readonly numeric?: boolean;
  readonly secret?: boolean;
}

type FieldEvent = { readonly currentTarget: HTMLInputElement | HTMLTextAreaElement };

/** Label above, field, hint below. */
export function TextField(props: TextFieldProps) {
  const { label, value, onInput, hint, rows, mono, numeric, secret } = props;
  const id = useId();
  const shared = {
    id,
    ...(hint === undefined ? {} : { "aria-describedby": `${id}-hint` }),
    class: mono === true ? "input mono" : "input",
    value,
    placeholder: props.placeholder ?? "",
    required: props.required === true,
    autofocus: props.autofocus === true,
    spellcheck: false,
    autocomplete: "off",
    onInput: (event: FieldEvent) => onInput(event.currentTarget.value),
  };
  const inputMode = numeric === true ? "decimal" : "text";
  return (
    <div class="stacked-field">
      <label class="stacked-label" for={id}>
        {label}
      </label>
      {rows !== undefined ? (
        <textarea {...shared} rows={rows} />
      ) : secret === true ? (
        <input {...shared} type="password" />
      ) : (
        <input {...shared} type="text" inputMode={inputMode} />
      )}
      {hint === undefined ? null : (
        <span id={`${id}-hint`} class="stacked-hint">
          {hint}
        </span>
      )}
    </div>
  );
}
