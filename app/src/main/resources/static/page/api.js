// Talking to the owner of the home: requests, and the stream of what changes.

/** An error as the API tells it: what was wrong, the value, the remedy. */
export class Problem extends Error {
  constructor(status, { what, value, remedy } = {}) {
    super([what ?? `the server answered ${status}`, value].filter(Boolean).join(": "));
    this.status = status;
    this.remedy = remedy ?? "";
  }
}

export async function request(path, body) {
  const options = body === undefined ? {} : { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  let response;
  try {
    response = await fetch(`/api/${path}`, options);
  } catch {
    throw new Problem(0, { what: "the server does not answer", remedy: "Start it with './lathe serve'." });
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Problem(response.status, answer.error);
  return answer;
}

export const segment = encodeURIComponent;

/**
 * Listens to /api/live while the page is seen: a browser grants one server few connections, and a
 * hidden tab should not hold one. Every "hello" (also after a break) asks to load everything anew.
 */
export function listen(on) {
  let stream = null;
  const open = () => {
    stream = new EventSource("/api/live");
    for (const name of ["hello", "runs", "records", "changed"]) {
      stream.addEventListener(name, (event) => on[name](JSON.parse(event.data)));
    }
    stream.onopen = () => on.connection("live");
    stream.onerror = () => {
      on.connection("away");
      // A browser gives up for good when the answer was no stream (a restart, a token): ask again.
      if (stream.readyState === EventSource.CLOSED) setTimeout(() => stream?.readyState === EventSource.CLOSED && open(), 2000);
    };
  };
  const close = () => {
    stream?.close();
    stream = null;
  };
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) close();
    else if (!stream) open();
  });
  addEventListener("pagehide", close);
  addEventListener("pageshow", (event) => event.persisted && !stream && open());
  if (!document.hidden) open();
}
