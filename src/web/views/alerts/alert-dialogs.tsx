// Taking an alert on, and closing one: both ask for a note, because the next person reads it.

import { useState } from "preact/hooks";
import { useApp } from "../../state/app.ts";
import { FormDialog, TextField } from "../parts/form-dialog.tsx";

/** The alert that is acted on. */
export interface AlertDialogProps {
  readonly alertId: string;
  /** What it says. */
  readonly message: string;
  readonly onClose: () => void;
}

/** Whose it is now, and what they know. */
export function AcknowledgeDialog({ alertId, message, onClose }: AlertDialogProps) {
  const { alertActions } = useApp();
  const [owner, setOwner] = useState("");
  const [note, setNote] = useState("");
  return (
    <FormDialog
      title="Acknowledge"
      lead={message}
      verb="Acknowledge"
      onSubmit={() => alertActions.acknowledge(alertId, owner, note)}
      onClose={onClose}
    >
      <TextField
        label="Note"
        autofocus
        rows={3}
        value={note}
        onInput={setNote}
        placeholder="What you know, what you do about it"
      />
      <TextField
        label="Owner"
        value={owner}
        onInput={setOwner}
        placeholder="you"
        hint="Who looks after it. It rises again by itself if it gets worse."
      />
    </FormDialog>
  );
}

/** Closing an alert by hand. */
export function ResolveDialog({ alertId, message, onClose }: AlertDialogProps) {
  const { alertActions } = useApp();
  const [note, setNote] = useState("");
  return (
    <FormDialog
      title="Resolve"
      lead={message}
      verb="Resolve"
      onSubmit={() => alertActions.resolve(alertId, note)}
      onClose={onClose}
    >
      <TextField
        label="Note"
        autofocus
        rows={3}
        value={note}
        onInput={setNote}
        placeholder="What it was"
        hint="If its cause goes on, the next check raises it anew."
      />
    </FormDialog>
  );
}
