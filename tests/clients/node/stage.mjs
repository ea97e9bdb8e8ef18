// What scripts/test-clients set up: the service, its clients, and the world around them.

/** `issuer`, `clients` by name, and for the browser `chromium` and where screenshots go. */
export const stage = JSON.parse(process.env.TOKENWARD_TEST_STAGE);

/** Lets something happen in the world; see tests/clients/world.py. */
export async function happen(deed, words) {
  const response = await fetch(`${stage.world}/${deed}`, {
    method: "POST",
    body: JSON.stringify(words),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.failed);
  return answer;
}

/** Where somebody's browser ends up whom an application sends to `url`. */
export async function visit(url, words = {}) {
  const answer = await happen("visit", { url: String(url), ...words });
  if (answer.refusal) throw new Error(`refused: ${JSON.stringify(answer.refusal)}`);
  return answer;
}

/** The same address with other parameters; `null` takes one away. */
export function changed(url, parameters) {
  const copy = new URL(url);
  for (const [name, value] of Object.entries(parameters)) {
    if (value === null) copy.searchParams.delete(name);
    else copy.searchParams.set(name, value);
  }
  return copy;
}
