// Bun: its node:net and node:tls do what this needs, STARTTLS included.

export * from "./node.mjs";
