// Storage's options.

import { z } from "zod";

import { textOption } from "../core/index.ts";

/** Options of the embedded store. */
export const storageConfigSchema = z.object({
  folder: textOption(
    ".cellphone",
    "Folder of the databases, the control socket and the lock; relative to the working directory",
  ),
});

/** Options as given; every one has a default. */
export type StorageOptions = z.input<typeof storageConfigSchema>;
