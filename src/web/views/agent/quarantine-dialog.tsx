// Shutting an agent out until somebody has looked at it.

import { useState } from "preact/hooks";
import type { AgentView } from "../../model/wire.ts";
import { useApp } from "../../state/app.ts";
import { FormDialog, TextField } from "../parts/form-dialog.tsx";

/** Whom to shut out. */
export interface QuarantineDialogProps {
  readonly agent: AgentView;
  readonly onClose: () => void;
}

/** Says what it does, and asks for the reason. */
export function QuarantineDialog({ agent, onClose }: QuarantineDialogProps) {
  const { actions } = useApp();
  const [reason, setReason] = useState("");
  return (
    <FormDialog
      title={`Quarantine ${agent.name}`}
      lead="Its calls under way are cut. What it sends, calls and measures is refused, and its inbox hands out nothing, until it is released. Nothing is lost."
      verb="Quarantine"
      danger
      onSubmit={() => actions.quarantine([agent.id], reason)}
      onClose={onClose}
    >
      <TextField
        label="Reason"
        autofocus
        value={reason}
        onInput={setReason}
        placeholder="What it did"
        hint="Stands on its page and in the audit log."
      />
    </FormDialog>
  );
}
