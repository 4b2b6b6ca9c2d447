// The page's line to the server: requests out, the stream of changes in.

export class Refused extends Error {}

export async function send(path, body) {
  let response;
  try {
    response = await fetch(`/demo/${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
  } catch {
    throw new Refused("");
  }
  if (response.ok) return response.json();
  const problem = await response.json().catch(() => ({}));
  throw new Refused(problem.detail || problem.title || String(response.status));
}

// The first frame of every connection is the whole state, so a lost one needs nothing special.
export function listen(onFrame, onLine) {
  const source = new EventSource("/demo/stream");
  source.onmessage = (event) => {
    onLine(true);
    onFrame(JSON.parse(event.data));
  };
  source.onerror = () => {
    onLine(false);
    // The browser gives up after an answer that is no stream (the hub restarting, say).
    if (source.readyState === EventSource.CLOSED) {
      setTimeout(() => listen(onFrame, onLine), 2000);
    }
  };
}
