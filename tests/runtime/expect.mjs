// Assertions that run in every runtime, Workers without compatibility flags included.

export function ok(value, what) {
  if (!value) throw new Error(`expected: ${what}`);
}

export function equal(actual, expected, what) {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (a !== b) throw new Error(`${what}: is ${a}, expected ${b}`);
}

/** Each field of `expected` is a value, or a pattern that the field must match. */
export function matches(actual, expected, what) {
  for (const [field, wanted] of Object.entries(expected)) {
    const value = actual?.[field];
    if (wanted instanceof RegExp ? !wanted.test(value) : JSON.stringify(value) !== JSON.stringify(wanted)) {
      throw new Error(`${what}: ${field} is ${JSON.stringify(value)}, expected ${wanted}; ${actual?.stack ?? JSON.stringify(actual)}`);
    }
  }
}

/** The promise must reject with an SmtpError that has these fields; returns it. */
export async function rejects(promise, expected, what) {
  let value;
  try {
    value = await promise;
  } catch (error) {
    matches(error, { name: "SmtpError", ...expected }, what);
    return error;
  }
  throw new Error(`${what}: did not fail, but gave ${JSON.stringify(value)}`);
}
