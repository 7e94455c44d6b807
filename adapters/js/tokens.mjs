// Names of the engine's numbers, in the order of its headers (tests/js/contract.test.mjs compares
// them). A reason's name is part of the API: SmtpError.reason.

const list = (names) => names.split(" ");

export const REASONS = list("ok address-empty address-too-long address-control address-no-at address-utf8-invalid address-needs-smtputf8 local-part-empty local-part-too-long local-part-character local-part-dot local-part-quoting domain-empty domain-too-long domain-label-empty domain-label-too-long domain-label-hyphen domain-character literal-unclosed literal-ipv4 literal-ipv6 literal-tag no-recipients message-too-large body-bare-cr body-bare-lf body-line-too-long body-8bit-undeclared body-size-exceeded eightbitmime-missing smtputf8-missing starttls-missing not-built credential-empty credential-character credential-too-long credential-missing nonce-too-short iteration-limits auth-not-secure auth-not-offered auth-no-mechanism auth-refused auth-challenge auth-nonce auth-iterations auth-extension auth-server-signature auth-server-error auth-key greeting-refused service-closing reply-refused all-recipients-refused some-recipients-refused reply-unexpected reply-unsolicited reply-malformed reply-inconsistent reply-line-too-long reply-too-many-lines reply-bare-lf starttls-residue tls-mode-mismatch closed-by-peer connect-failed connection-lost tls-failed timeout cancelled state config-buffer config-value policy credential-unsupported");

export const KINDS = list("none input misuse transport protocol refused auth unsupported policy");

export const STATUSES = list("pending accepted deferred refused not-sent in-doubt");

export const PHASES = list("connect tls greeting command mail rcpt data body endOfData quit");

/** Option that a field of the engine's errors stands for. */
export const FIELDS = list("- from to ehloName message auth.user auth.pass auth.accessToken auth.authzid hostname nonce auth.mechanism auth.iterations options");

export const CAPABILITIES = list("esmtp pipelining size starttls eightBitMime smtputf8 enhancedStatusCodes auth dsn chunking binaryMime limits requireTls deliverBy futureRelease mtPriority prdr pipeConnect xclient vrfy expn help etrn");

export const TLS_MODES = list("none implicit starttls");
