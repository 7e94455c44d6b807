// wasm-smtp: an SMTP client for Cloudflare Workers, Node.js, Deno and Bun.

/** `implicit`: TLS first (RFC 8314); `starttls`: STARTTLS required, never clear text; `none`: no TLS. */
export type TlsMode = "implicit" | "starttls" | "none";

/** SASL mechanisms, in any case. CRAM-MD5, SCRAM-SHA-1, EXTERNAL and ANONYMOUS are used only when asked for. */
export type Mechanism = "PLAIN" | "LOGIN" | "SCRAM-SHA-256" | "SCRAM-SHA-512" | "SCRAM-SHA-1" | "CRAM-MD5" | "XOAUTH2" | "OAUTHBEARER" | "EXTERNAL" | "ANONYMOUS" | (string & {});

interface AuthCommon {
  /** Authentication identity. */
  user: string;
  /** Use this mechanism and no other. Default: SCRAM-SHA-256, else SCRAM-SHA-512, PLAIN, LOGIN; with a token OAUTHBEARER, else XOAUTH2. */
  mechanism?: Mechanism;
  /** Authorization identity, if it is another one. */
  authzid?: string;
  /** Lowest SCRAM iteration count that is accepted from a server. Default 4096. */
  iterationsMin?: number;
  /** Highest SCRAM iteration count that is accepted from a server. Default 600000. */
  iterationsMax?: number;
  /** Where to keep SCRAM's salted keys, so that the next login needs no derivation. */
  keys?: KeyCache;
}

/**
 * Keeps salted keys (RFC 5802: SaltedPassword); a Map will do. Whoever has a key can log in with it, so
 * keep it like a password. An `id` names hash, iteration count, salt, server and user; nothing of it is
 * secret. A key that the server refuses is deleted and derived anew, once. What a method throws or
 * rejects with is ignored.
 */
export interface KeyCache {
  /** The key, or anything else if there is none. Counts to the time limit `command`. */
  get(id: string): unknown;
  /** A key that the server has accepted: 20 octets for SHA-1, 32 for SHA-256, 64 for SHA-512. Nobody waits for its promise. */
  set(id: string, key: Uint8Array): unknown;
  /** Nobody waits for its promise. */
  delete(id: string): unknown;
}

/**
 * Gives an access token. Asked at each login, and once more with the server's `refusal` (code 535) if it
 * refuses the token; then the login is repeated, unless the token is the same. Counts to the time limit
 * `command`.
 */
export type TokenSource = (refusal?: SmtpError) => string | Promise<string>;

/** Without a secret: who somebody is, the channel says (EXTERNAL), or nobody (ANONYMOUS: `user` is trace information). */
type AuthNamed = Partial<AuthCommon> & { mechanism: "EXTERNAL" | "ANONYMOUS"; pass?: undefined; accessToken?: undefined };

/** Credentials: a password or an OAuth 2.0 access token, not both. */
export type Auth = (AuthCommon & ({ pass: string; accessToken?: undefined } | { accessToken: string | TokenSource; pass?: undefined })) | AuthNamed;

/** Limits in milliseconds (Infinity = none); the defaults are those of RFC 5321 section 4.5.3.2. */
export interface Timeouts {
  /** Opening the connection. Default 30 s. */
  connect?: number;
  /** A TLS handshake. Default 30 s. */
  tls?: number;
  /** The server's greeting. Default 5 min. */
  greeting?: number;
  /** Replies to EHLO, STARTTLS, AUTH, RSET, NOOP, VRFY, EXPN, HELP and XCLIENT; each wait for an access token. Default 5 min. */
  command?: number;
  /** Default 5 min. */
  mail?: number;
  /** Default 5 min. */
  rcpt?: number;
  /** From DATA to its 354. Default 2 min. */
  data?: number;
  /** Each piece of the message, the time its source takes included. Default 3 min. */
  body?: number;
  /** The reply to the whole message. Default 10 min. */
  endOfData?: number;
  /** Default 10 s. */
  quit?: number;
}

/** What a policy decides about. */
export interface PolicyRequest {
  /** Reverse-path; "" is the null reverse-path. */
  from: string;
  recipients: string[];
  /** Octets of the message, or null for a stream whose size was not given. */
  size: number | null;
}

/** Refuses a message, before a byte of it is sent, by returning false or a reason, or by throwing. */
export interface Policy {
  (request: PolicyRequest): boolean | string | void | Promise<boolean | string | void>;
  /** Streams are cut off, without being delivered, when they get longer than this. */
  maxBytes?: number;
}

/** A policy with limits. A function around it keeps the limit of streams only if it copies `maxBytes`. */
export function boundedPolicy(limits: { maxRecipients?: number; maxBytes?: number }): Policy;

/** A server's reply: text is cleaned of control characters, its lines are separated by "\n". */
export interface Reply {
  code: number | null;
  /** Enhanced status code (RFC 3463) if the server advertised them. */
  enhanced: string | null;
  text: string;
}

/** What happened, for audits: no secrets, no message text. Each session ends with exactly one of the last two. */
export type AuditEvent =
  | { type: "Connected"; hostname: string; port: number }
  | { type: "TlsUpgraded" }
  | ({ type: "GreetingReceived" } & Reply)
  | { type: "EhloCompleted"; capabilities: Capabilities }
  | { type: "AuthCompleted"; mechanism: string }
  | ({ type: "MailFromAccepted" } & Reply)
  | ({ type: "RecipientAccepted" | "RecipientRejected"; address: string } & Reply)
  | ({ type: "MessageAccepted" } & SendResult)
  | { type: "QuitCompleted" }
  | { type: "SessionAborted"; error: SmtpError };

/** Octets as they pass. Credentials are cut off: `redacted` says how many octets. Message text is included. */
export interface TraceRecord {
  direction: "sent" | "received";
  bytes: Uint8Array;
  redacted: number;
}

export interface ConnectOptions {
  /** A name or an IP address. Names beyond ASCII are used as A-labels (IDNA), here and in the next ones. */
  hostname: string;
  /** Default 465 for implicit, 587 for starttls, 25 for none; 24 for LMTP. */
  port?: number;
  /** Default implicit. */
  tls?: TlsMode;
  /** Name in the server's certificate and in SNI. Default: hostname. */
  serverName?: string;
  /** Name of this client in EHLO: a domain or an address literal. Default "[127.0.0.1]". */
  ehloName?: string;
  /** PEM of the roots to trust instead of the host's own. Not on workerd, where sockets have no such option. */
  ca?: string | string[];
  /** Logs in before connect resolves. */
  auth?: Auth;
  /** Send credentials although the channel is not encrypted. Default false. */
  allowPlaintextAuth?: boolean;
  /** `lmtp` (RFC 2033): each recipient has a reply to the message of its own. Default smtp. */
  protocol?: "smtp" | "lmtp";
  /** Use PIPELINING where it is offered. Default true. */
  pipelining?: boolean;
  /** Use CHUNKING (BDAT instead of DATA) where it is offered. Default true. */
  chunking?: boolean;
  /** With CHUNKING, a message of a known size up to this travels together with its envelope. Default 16384. */
  eagerOctets?: number;
  /** How many messages may be under way at a time, where PIPELINING is offered. Default 1. */
  overlap?: number;
  /**
   * Do not wait for the login: connect resolves when it has begun, and where it is one command (PLAIN,
   * EXTERNAL, ANONYMOUS) and PIPELINING is offered, the first envelope travels behind it. A message never
   * leaves before the login is answered. If it fails, the session ends, and what waits rejects with its
   * error. Default false.
   */
  early?: boolean;
  /**
   * What this server offered on an earlier connection (`capabilities`, also from JSON). If PIPECONNECT is
   * among it, nothing waits for the greeting. If the server has changed since, the client connects once
   * more, without it; nothing has been handed over by then.
   */
  expected?: Partial<Capabilities>;
  /** Take a bare LF as the end of a reply line. Default false. */
  lenientReplies?: boolean;
  timeouts?: Timeouts;
  /** Ends the session, at any time in its life. */
  signal?: AbortSignal;
  policy?: Policy;
  /** What it throws is ignored. */
  onEvent?: (event: AuditEvent) => void;
  /** What it throws is ignored. */
  trace?: (record: TraceRecord) => void;
}

type Piece = string | Uint8Array;

type Source = Piece | Piece[] | ReadableStream<Piece> | AsyncIterable<Piece> | Iterable<Piece>;

/**
 * A whole message is checked before a byte is sent; a stream while it is sent. Memory does not depend on
 * its size. A function gives a stream anew each time: it is called for each part of the recipients.
 */
export type Message = Source | (() => Source);

/** When a delivery status notification is wanted (RFC 3461): never, or after some of these. */
export type Notify = "never" | ("success" | "failure" | "delay")[];

export interface Recipient {
  /** A bare address, no display name. */
  address: string;
  /** NOTIFY of this recipient; default: that of `dsn`. */
  notify?: Notify;
  /** ORCPT of this recipient; default: that of `dsn`. */
  originalRecipient?: string;
}

/** Delivery status notifications (RFC 3461). */
export interface Dsn {
  /** RET: how much of the message a report of failure has in it. */
  return?: "full" | "headers";
  /** ENVID: comes back in every report. Printable ASCII, up to 100 octets. */
  envelopeId?: string;
  /** NOTIFY of every recipient that has none of its own. */
  notify?: Notify;
  /** ORCPT: the address that the message was first sent to; or "type;address". */
  originalRecipient?: string;
}

/** Options of send() that `optional` can name. */
export type Extension = "dsn" | "deliverBy" | "hold" | "priority" | "requireTls" | "submitter" | "perRecipientReplies";

export interface SendOptions {
  /** Reverse-path; null or "" is the null reverse-path. */
  from: string | null;
  /** Recipients: bare addresses, no display names. Results have them as they are given here. */
  to: string | Recipient | (string | Recipient)[];
  /** A message as RFC 5322 has it: header, empty line, body; line ends are CRLF. Strings are sent as UTF-8. */
  message: Message;
  /**
   * SMTPUTF8 (RFC 6531). Default: used if a local part needs it and the server offers it. `true`: always,
   * as UTF-8 in headers needs; an error if it is not offered. `false`: never. Without it a local part
   * beyond ASCII is an error. Domains are always sent as A-labels.
   */
  smtputf8?: boolean;
  /** Send nothing if one recipient is refused. */
  allOrNothing?: boolean;
  /** A bare CR or LF is refused (default), or made CRLF. */
  newlines?: "refuse" | "crlf";
  /** A line over 998 octets is refused (default), or passes. */
  longLines?: "refuse" | "pass";
  /** Any octets, sent as they are (BINARYMIME, RFC 3030): the message says "Content-Transfer-Encoding: binary". */
  binary?: boolean;
  /** Delivery status notifications (RFC 3461). */
  dsn?: Dsn;
  /** DELIVERBY (RFC 2852): within so many seconds, else it is returned (default), or somebody is notified. */
  deliverBy?: { seconds: number; mode?: "return" | "notify"; trace?: boolean };
  /** FUTURERELEASE (RFC 4865): kept for so many seconds, or until then, before it is sent on. */
  hold?: { seconds: number; until?: undefined } | { until: Date; seconds?: undefined };
  /** MT-PRIORITY (RFC 6710): -9 to 9. */
  priority?: number;
  /** REQUIRETLS (RFC 8689): never sent on without TLS. */
  requireTls?: boolean;
  /** AUTH= (RFC 4954): the mailbox that submitted the message first; null if that is not known. */
  submitter?: string | null;
  /** PRDR: each recipient may refuse the message for itself. */
  perRecipientReplies?: boolean;
  /** Which of these are left out, instead of being an error, where the server does not offer them; true: all. */
  optional?: boolean | Extension | Extension[];
  /** Octets of a stream with CRLF line ends, if known: declared with SIZE. */
  size?: number;
  /** Cancels: before the message's turn without harm; after that the session ends, with all messages under way. */
  signal?: AbortSignal;
}

export type RecipientStatus =
  /** The server took responsibility. */
  | "accepted"
  /** Refused for good (5xx). */
  | "refused"
  /** Refused for now (4xx). */
  | "deferred"
  /** The message was not handed over, and no reply decided. */
  | "not-sent"
  /** All of it was handed over and no answer came: delivered or not. */
  | "in-doubt";

export interface RecipientResult extends Reply {
  address: string;
  status: RecipientStatus;
}

/** At least one recipient was accepted. Of a message that went in parts, the reply is one of theirs. */
export interface SendResult extends Reply {
  /** One for each recipient, in the order given. */
  recipients: RecipientResult[];
  /** How many were accepted. */
  accepted: number;
  /** The server's name for the message, if its reply has one. */
  queueId: string | null;
}

/** What the server offers (EHLO). */
export interface Capabilities {
  esmtp: boolean;
  pipelining: boolean;
  /** Limit of a message in octets, 0 = no limit stated, null = SIZE is not offered. */
  size: number | null;
  starttls: boolean;
  eightBitMime: boolean;
  smtputf8: boolean;
  enhancedStatusCodes: boolean;
  /** Offered mechanisms that the engine knows. */
  auth: string[];
  dsn: boolean;
  chunking: boolean;
  binaryMime: boolean;
  /** LIMITS (RFC 9422), 0 = not stated; null = not offered. */
  limits: { mailMax: number; rcptMax: number; rcptDomainMax: number } | null;
  requireTls: boolean;
  deliverBy: boolean;
  futureRelease: boolean;
  mtPriority: boolean;
  prdr: boolean;
  pipeConnect: boolean;
  xclient: boolean;
  vrfy: boolean;
  expn: boolean;
  help: boolean;
  etrn: boolean;
}

/** Whom a relay speaks for (XCLIENT). null: it is known that there is none. */
export interface XclientAttributes {
  name?: string | null;
  addr?: string | null;
  port?: string | number | null;
  proto?: string | null;
  helo?: string | null;
  login?: string | null;
  destaddr?: string | null;
  destport?: string | number | null;
}

interface CommandOptions {
  /** Cancels: before the command's turn without harm; after that the session ends. */
  signal?: AbortSignal;
}

/** A session. Operations may be called at any time and run in the order of the calls. */
export interface Client extends AsyncDisposable {
  /**
   * Sends a message. Resolves if at least one recipient was accepted; otherwise rejects with an
   * SmtpError that has the same `recipients`. Messages begin in the order of the calls; with `overlap`
   * one begins before the last one is done.
   */
  send(options: SendOptions): Promise<SendResult>;
  /** Logs in. After a refusal the session goes on, and no weaker mechanism is tried. */
  login(auth: Auth, options?: CommandOptions): Promise<void>;
  /** Asks about a mailbox (VRFY). 252 says neither yes nor no. */
  vrfy(mailbox: string, options?: CommandOptions): Promise<Reply>;
  /** Asks who is on a mailing list (EXPN). */
  expn(list: string, options?: CommandOptions): Promise<Reply>;
  help(topic?: string, options?: CommandOptions): Promise<Reply>;
  /** Tells a server that trusts this client whom it speaks for; the session begins anew with EHLO. */
  xclient(attributes: XclientAttributes, options?: CommandOptions & { optional?: boolean | keyof XclientAttributes | (keyof XclientAttributes)[] }): Promise<void>;
  noop(options?: CommandOptions): Promise<Reply>;
  reset(options?: CommandOptions): Promise<Reply>;
  /** Ends the session when everything before is done. Never rejects. `await using` calls it. */
  quit(): Promise<void>;
  /** Ends the session at once; what is under way rejects. */
  close(): Promise<void>;
  readonly capabilities: Capabilities;
  /** Whether the channel is protected by TLS. */
  readonly secure: boolean;
  /** Mechanism of the last login. */
  readonly mechanism: string | null;
  /** Whether the session is over. */
  readonly closed: boolean;
  /** Bytes of memory that the engine has for this session. */
  readonly memorySize: number;
}

export type SmtpErrorKind =
  /** A value given by the caller breaks a rule; nothing was sent. */
  | "input"
  /** A call out of order, or on a session that was closed. */
  | "misuse"
  /** Connection or TLS lost, timeout, cancelled. */
  | "transport"
  /** The server broke the protocol. */
  | "protocol"
  /** The server said no. */
  | "refused"
  /** Authentication refused or impossible. */
  | "auth"
  /** The server, the host or this build lacks what was asked for. */
  | "unsupported"
  /** The caller's policy said no. */
  | "policy";

export class SmtpError extends Error {
  readonly name: "SmtpError";
  readonly kind: SmtpErrorKind;
  /** Stable token for the rule or event, like "all-recipients-refused" or "timeout"; listed in the docs. */
  readonly reason: string;
  /** SMTP step, like "RCPT TO" or "end of data". */
  readonly step?: string;
  /** Code of the reply that caused it. */
  readonly code?: number;
  readonly enhanced?: string | null;
  readonly text?: string;
  /** The same request may succeed later, and repeating it duplicates nothing. */
  readonly retryable: boolean;
  /** The message was handed over and no answer came: repeating it may duplicate it. */
  readonly inDoubt: boolean;
  /** The option that breaks the rule, or that the server does not offer. */
  readonly field?: string;
  /** For `to`, and for what can differ between recipients: which one, from 0. */
  readonly index?: number;
  /** For errors of send() and sendMail(): the outcome of each recipient. */
  readonly recipients?: RecipientResult[];
  /** OAuth: the server's error JSON. Of a parameter: its keyword. */
  readonly detail?: string;
}

/** Opens a session, and logs in if `auth` is given. */
export function connect(options: ConnectOptions): Promise<Client>;

/** TLS from the start, as on port 465. */
export function connectSmtps(hostname: string, port: number, ehloName: string, options?: Omit<ConnectOptions, "hostname" | "port" | "ehloName" | "tls">): Promise<Client>;

/** STARTTLS, as on port 587. */
export function connectSmtpStarttls(hostname: string, port: number, ehloName: string, options?: Omit<ConnectOptions, "hostname" | "port" | "ehloName" | "tls">): Promise<Client>;

/** Connects, sends one message and quits. A QUIT that fails does not fail the send. */
export function sendMail(options: ConnectOptions & SendOptions): Promise<SendResult>;
