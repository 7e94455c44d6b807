/**
 * Every error of this package. Never holds credentials, message text or the offending input itself.
 * `fields`: kind, reason, step, code, enhanced, text, retryable, inDoubt, field, index, detail,
 * recipients; see index.d.ts.
 */
export class SmtpError extends Error {
  name = "SmtpError";
  retryable = false;
  inDoubt = false;

  constructor(message, fields, cause) {
    super(message, { cause });
    Object.assign(this, fields);
  }
}

/** An option or argument that breaks a rule: nothing was sent. */
export const inputError = (field, rule, reason = "option-invalid", index) =>
  new SmtpError(`${index === undefined ? field : `${field}[${index}]`} ${rule}`, { kind: "input", reason, field, index });
