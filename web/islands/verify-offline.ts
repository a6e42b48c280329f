// Answers for /verify where there is no network, with what the person kept on this device (islands/verify.ts). It runs under the policy of
// workers (web/static.go), is there only after somebody asked for it, and answers for these addresses alone:
//   files whose address holds their version: what was kept, since they never change;
//   the page and what is trusted: the network, and what was kept when that fails. What is trusted counts for seven days (license.md 11.4).

const kept = "yinxin-verify", life = 7 * 24 * 3600 * 1000, patience = 8000;

interface FetchEvent extends Event { request: Request; respondWith(answer: Promise<Response>): void }

// stored is what was kept for an address, if it may still be used.
async function stored(address: string): Promise<Response> {
  const answer = await (await caches.open(kept)).match(address);
  if (!answer) return Response.error();
  const age = Date.now() - Date.parse(answer.headers.get("Kept") ?? "");
  return address === "/verify/trust" && !(age >= 0 && age < life) ? Response.error() : answer;
}

// asked is the answer of the network, where it comes in time.
function asked(request: Request): Promise<Response> {
  return new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error("no answer")), patience);
    fetch(request).then((answer) => (answer.status < 500 ? resolve(answer) : reject(new Error("status " + answer.status))), reject);
  });
}

addEventListener("fetch", (fetching) => {
  const event = fetching as FetchEvent, request = event.request;
  const { origin, pathname, search } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (search.startsWith("?v=")) event.respondWith(caches.match(pathname + search).then((have) => have ?? fetch(request)));
  else if (search === "" && ["/verify", "/verify/trust", "/verify/letters"].includes(pathname)) event.respondWith(asked(request).catch(() => stored(pathname)));
});

addEventListener("activate", (event) => (event as Event & { waitUntil(work: Promise<unknown>): void }).waitUntil((globalThis as unknown as { clients: { claim(): Promise<void> } }).clients.claim()));

export {};
