// wasm-smtp/client: the client over sockets of your own, for runtimes that the package does not know.

import type { Client, ConnectOptions, SendOptions, SendResult, TlsMode, boundedPolicy, SmtpError } from "./index.js";

/** A connected byte stream. One read and one write may be pending at the same time. */
export interface Socket {
  /** The next octets, or null when the peer has closed its side. */
  read(): Promise<Uint8Array | null>;
  /** May keep `bytes` until it settles. */
  write(bytes: Uint8Array): Promise<unknown>;
  /** Does the TLS handshake, certificate and name verified, and gives the secured stream. No read is pending. */
  startTls(): Promise<Socket>;
  /** Must settle soon, whatever the peer does. */
  close(): Promise<unknown>;
}

/** A runtime. */
export interface Host {
  /** The compiled engine: wasm-smtp/engine.wasm. */
  module(): WebAssembly.Module | Promise<WebAssembly.Module>;
  /**
   * Opens a connection, for every `tls` in clear: the client asks for TLS by startTls. `signal` ends the
   * attempt. Names are ASCII: internationalized ones have become A-labels.
   */
  open(options: { hostname: string; port: number; tls: TlsMode; serverName: string; ca?: string | string[]; signal: AbortSignal }): Promise<Socket>;
  /** A token for the `reason` of an error that open, read, write or startTls rejected with. */
  explain?(error: unknown): string | undefined;
  /** Most PBKDF2 iterations that WebCrypto does here. */
  maxIterations?: number;
}

/** Opens a session over a host's sockets. */
export function connect(host: Host, options: ConnectOptions): Promise<Client>;

/** Connects, sends one message and quits. */
export function sendMail(host: Host, options: ConnectOptions & SendOptions): Promise<SendResult>;

export { boundedPolicy, SmtpError };
