/** A mailer for Node.js that is the component smtp-send: TLS inside, sockets outside, in a worker thread. */
import type * as wit from "./generated/types.js";

export type {
  DeliverBy, DeliveryStatus, DsnReturn, EnhancedCode, ErrorKind, LateMode, Notify, OptionalParameters, Outcome, Parameter, PasswordMechanism,
  Phase, Protocol, Recipient, RecipientOutcome, Reply, SendOptions, SessionOptions, Step, TimeLimit, TlsMode, TokenMechanism, TrustAnchors,
} from "./generated/types.js";

type Defaulted<T, Keys extends keyof T> = Omit<T, Keys> & Partial<Pick<T, Keys>>;

/** The server. Without `trust`, the authorities that are built in; `port` is the usual one of the TLS mode. */
export type Config = Defaulted<wit.Config, "trust" | "timeLimits" | "protocol" | "options">;

/** Who sends. Without `mechanism`, the best that the server offers; without `allowPlaintext`, only with TLS. */
export type Credentials =
  | { tag: "none" }
  | { tag: "password"; val: Defaulted<wit.PasswordLogin, "mechanism" | "allowPlaintext"> }
  | { tag: "token"; val: Defaulted<wit.TokenLogin, "mechanism" | "allowPlaintext"> }
  | { tag: "external" | "anonymous"; val: Partial<wit.IdentityLogin> };

/** Who sends a message to whom. A recipient without parameters of its own may be its address alone. */
export type Envelope = Defaulted<Omit<wit.Envelope, "recipients">, "options" | "parameters" | "optional"> & { recipients: (string | wit.Recipient)[] };

/** `content` is header and body (RFC 5322), lines ending in CRLF. */
export interface Message {
  envelope: Envelope;
  content: Uint8Array;
}

/** Why a message was not sent: the members of the interface's `error`. Never holds credentials. */
export class SendError extends Error implements wit.Error {
  private constructor(details: wit.Error);
  kind: wit.ErrorKind;
  step: wit.Step;
  reply?: wit.Reply;
  detail?: string;
  retryable: boolean;
  inDoubt: boolean;
  recipients: wit.RecipientOutcome[];
}

export interface Mailer {
  /**
   * Connects, logs in, sends the message, and quits. Fulfilled if at least one recipient was accepted:
   * look at each. Rejects with a SendError; with another Error if the component failed or was stopped.
   * Messages that were given before are sent first.
   */
  send(config: Config, credentials: Credentials | undefined, message: Message): Promise<wit.Outcome>;
  /** Which authorities are built in: "Mozilla, …, 142 certificates". */
  bundledRoots(): Promise<string>;
  /** Ends the thread and its connections; what is under way is rejected, and may have been sent. */
  stop(): Promise<void>;
}

/** Starts a thread with an instance of the component. It does not keep the process while it has no work. */
export function startMailer(): Mailer;
