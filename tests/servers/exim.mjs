export async function startExim() { throw new Error("x"); }
