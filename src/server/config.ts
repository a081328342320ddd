// The control plane's options.

import { z } from "zod";

import { countOption, flagOption, textOption } from "../core/index.ts";

/** Options of {@link createControlPlane}; each section key is also an environment variable. */
export const serverConfigSchema = z.object({
  host: textOption(
    "127.0.0.1",
    "Address to listen on; beyond loopback needs tlsCert and tlsKey, or allowInsecure",
  ),
  port: countOption("port", 2355, "Port of the control plane (C-E-L-L); 0 picks a free one", {
    min: 0,
    max: 65_535,
  }),
  tlsCert: textOption(
    "",
    "Path of a PEM file with the certificate chain, for server and gateway; empty for plain HTTP",
  ),
  tlsKey: textOption("", "Path of a PEM file with the certificate's private key"),
  allowInsecure: flagOption(
    false,
    "Allow server and gateway to listen beyond loopback without TLS: keys then travel readable by " +
      "the network",
  ),
  trustedHosts: textOption(
    "",
    "Host names, separated by commas, under which browsers may reach this server; " +
      "loopback names and bare addresses always may",
  ),
  socketPath: textOption("", "Path of the control socket (admin, mode 0600); empty for none"),
});

/** Options as given; every one has a default. */
export type ServerOptions = z.input<typeof serverConfigSchema>;
