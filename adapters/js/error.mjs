/**
 * Every error of this package. Never holds credentials, message text or the offending input itself.
 * `fields`: kind, reason, step, code, enhanced, text, retryable, inDoubt, field, index, detail,
 * recipients; see index.d.ts.
 */
export class SmtpError extends Error {
  constructor(message, fields, cause) {
    super(message, cause === undefined ? undefined : { cause });
    Object.assign(this, { retryable: false, inDoubt: false }, fields);
  }

  get name() {
    return "SmtpError";
  }
}

/** An option or argument that breaks a rule: nothing was sent. */
export const inputError = (field, rule, index, reason = "option-invalid") =>
  new SmtpError(`${field}${index === undefined ? "" : `[${index}]`} ${rule}`, { kind: "input", reason, field, index });
