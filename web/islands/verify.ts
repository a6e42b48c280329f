// Checking a file in the browser (experience.md 3.12): the file is read here and checked by the verifier in a worker, and nothing of it is
// sent. What is shown is what the page of the server shows for the same report; a test compares them. When the verifier cannot run, the
// form below does what it does without this script: it uploads.

interface Check { name: string; status: string; code: string; clause: string; message: string }
interface Placement { page: number; x_mm: number; y_mm: number }
interface Signature {
  id: string; verdict: string; signing_time?: string; time_source?: string;
  seal?: { seal_id: string; name: string; valid_from: string; valid_to: string };
  signer?: { subject: string; issuer: string; serial: string; not_before: string; not_after: string };
  references?: { total: number; matched: number; mismatched: string[] | null };
  placements?: Placement[] | null; checks: Check[] | null;
}
interface Result {
  File: string; SM3: string; Code: string; Verdict: string; Tone: string; Message: string;
  Next: { Key: string; Text: Record<string, string> | null; Days: Record<string, string> | null };
  Lines: { Question: string; State: string; Word: string }[];
  Sealed?: { Organization: string; Seal: string; At?: string; Successor?: { owner: string; names: string[] } };
  Reasons: { code: string; message: string; clause: string }[] | null;
  Signatures: Signature[] | null;
  Coverage?: { uncovered: { path: string; role: string }[] | null };
  License?: { license_id: string; type_code: string; status: string; status_source: string; status_time?: string; shown?: { label: string; value: string }[] | null };
}
interface View { report: string; result: Result; reason: string; pages: number; others: number }
interface Mark { signature: number; seal: string; verdict: string; drawn: boolean; x_mm: number; y_mm: number; width_mm: number; height_mm: number }
interface Page { number: number; reason?: string; width_mm: number; height_mm: number; svg?: string; png?: string; marks: Mark[]; notes: { kind: string; count: number }[] }

type Child = Node | string | undefined | false | Child[];

const drop = document.getElementById("verify-drop");
if (drop && typeof Worker === "function" && typeof WebAssembly === "object") begin(drop);

function begin(drop: HTMLElement): void {
  const data = drop.dataset;
  const words: Record<string, string> = JSON.parse(data.words!);
  const form = drop.querySelector("form")!;
  const input = drop.querySelector<HTMLInputElement>("#verify-file")!;
  const status = drop.querySelector<HTMLElement>("#verify-progress")!;
  const bar = status.querySelector("progress")!;
  const said = status.querySelector("span")!;
  const upload = drop.querySelector<HTMLElement>("#verify-upload")!;
  const privacy = drop.querySelector<HTMLElement>("[data-local]")!;
  let worker: Worker | undefined;
  let started: Promise<void> | undefined;
  let kept: string | undefined; // when what is trusted was kept on this device, where there was no network
  let waiting = false; // somebody waits for the verifier and is told how far it is
  let next: ((message: any) => void) | undefined;

  privacy.textContent = privacy.dataset.local!;
  form.addEventListener("submit", (event) => {
    if ((event as SubmitEvent).submitter?.id === "verify-upload-submit" || !input.files || input.files.length === 0) return; // what uploads is pressed on purpose
    event.preventDefault();
    void check(input.files[0]);
  });
  // While the person looks at the name of the file, the verifier comes already. What fails now is told when it is needed.
  input.addEventListener("change", () => { if (input.files!.length > 0) start().catch(stop); });

  const t = (key: string, params: Record<string, string | number> = {}): string =>
    (words[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => (name in params ? String(params[name]) : whole));
  const word = (family: string, value: string): string => words[family + value] ?? value;

  function ask(message: object, transfer: Transferable[] = []): Promise<any> {
    return new Promise((resolve, reject) => {
      next = (answer) => (answer.kind === "failed" ? reject(new Error(answer.why)) : resolve(answer));
      worker!.postMessage(message, transfer);
    });
  }

  function say(text: string, part?: number): void {
    status.hidden = false;
    said.textContent = text;
    if (part === undefined) bar.removeAttribute("value");
    else bar.value = part;
  }

  function start(): Promise<void> {
    if (!started) {
      worker = new Worker(data.worker!);
      worker.onmessage = (event) => {
        if (event.data.kind !== "progress") next?.(event.data);
        else if (waiting) say(t("verify.local.loading"), event.data.part);
      };
      worker.onerror = () => next?.({ kind: "failed", why: "worker" });
      started = ask({ kind: "start", program: new URL(data.program!, location.href).href, size: Number(data.size), trust: new URL(data.trust!, location.href).href }).then((answer) => { kept = answer.kept; });
    }
    return started;
  }

  function stop(): void {
    worker?.terminate();
    worker = started = undefined;
  }

  async function check(file: File, beside: { pageText?: string; challenge?: string } = {}): Promise<void> {
    const button = form.querySelector<HTMLButtonElement>("#verify-submit")!;
    button.disabled = waiting = true;
    try {
      if (!started) say(t("verify.local.loading"), 0);
      await start();
      say(t("verify.local.checking"));
      const bytes = await file.arrayBuffer();
      const answer = await ask({ kind: "view", bytes, name: file.name, locale: data.locale === "en" ? "en" : "zh-CN", ...beside }, [bytes]);
      await show(answer.view, answer.took);
    } catch (why) {
      console.warn("the file could not be checked here:", why);
      stop();
      say(t(navigator.onLine ? "verify.local.failed" : "verify.away.failed"));
      bar.hidden = true;
      upload.hidden = !navigator.onLine;
    } finally {
      button.disabled = waiting = false;
    }
  }

  // Without a network, codes are judged here too; a number cannot be looked up.
  const away = document.getElementById("verify-away")!;
  const network = (): void => { away.hidden = navigator.onLine; };
  for (const event of ["online", "offline"]) addEventListener(event, network);
  network();
  const codes = document.getElementById("verify-code-submit")!.closest("form")!;
  codes.addEventListener("submit", (event) => {
    const text = document.querySelector<HTMLInputElement>("#verify-code")!.value.trim();
    if (navigator.onLine || text === "") return;
    event.preventDefault();
    const typed = codes.querySelector<HTMLTextAreaElement>("#verify-page-text")!.value, challenge = codes.querySelector<HTMLInputElement>("[name=verify-challenge]")?.value;
    void check(new File([text], "code.txt"), { pageText: typed, challenge });
  });
  document.getElementById("verify-number-submit")!.closest("form")!.addEventListener("submit", (event) => {
    if (navigator.onLine) return;
    event.preventDefault();
    away.focus();
  });
  const offline = document.getElementById("verify-offline")!;
  if ("serviceWorker" in navigator && "caches" in globalThis) keeping(offline);

  // keeping keeps this page, the verifier and what it trusts on the device, when that is asked for, and forgets them again. islands/verify-offline.ts
  // answers with them.
  function keeping(offline: HTMLElement): void {
    const place = "yinxin-verify", scope = "/verify";
    const button = (id: string, look: string, word: string): HTMLButtonElement => h("button", { type: "button", id, class: look }, t(word)) as HTMLButtonElement;
    const keep = button("verify-offline-keep", "button secondary", "verify.offline.keep"), drop = button("verify-offline-drop", "button text", "verify.offline.drop");
    offline.querySelector(".actions")!.append(keep, " ", drop); // they do nothing without this script
    const state = offline.querySelector<HTMLElement>("#verify-offline-state")!;
    offline.hidden = false;

    async function tell(): Promise<void> {
      const at = (await caches.has(place)) ? (await (await caches.open(place)).match(data.trust!))?.headers.get("Kept") : undefined;
      state.textContent = !at ? t("verify.offline.none") : t(Date.now() - Date.parse(at) < 7 * 24 * 3600 * 1000 ? "verify.offline.kept" : "verify.offline.old", { at: when(at, true) });
      drop.hidden = !at;
    }

    // Everything is there before anything of what was kept earlier goes. The page is fetched as a stranger, so that nobody's name is kept.
    async function fetchAll(): Promise<void> {
      const at = new Date().toISOString();
      const linked = [...document.querySelectorAll<HTMLElement>("link[href][rel~=stylesheet], link[href][rel~=icon], script[src], img[src]")].map((one) => one.getAttribute("href") ?? one.getAttribute("src")!);
      const addresses = new Map([...linked, data.worker!, data.program!, data.letters!, data.trust!].filter((one) => one.startsWith("/")).map((one) => [one, one]));
      addresses.set(scope, scope + "?lang=" + data.locale);
      const answers = await Promise.all([...addresses].map(async ([address, from]): Promise<[string, Response]> => {
        const answer = await fetch(from, { credentials: "omit", cache: from === address && from.includes("?v=") ? "default" : "no-store" });
        if (!answer.ok) throw new Error(address + ": status " + answer.status);
        const headers = new Headers(answer.headers); // the policy of pages and workers among them
        headers.delete("Content-Encoding");
        headers.delete("Content-Length");
        headers.set("Kept", at);
        return [address, new Response(await answer.blob(), { headers })];
      }));
      await caches.delete(place);
      const cache = await caches.open(place);
      for (const [address, answer] of answers) await cache.put(address, answer);
      await navigator.serviceWorker.register(offline.dataset.worker!, { scope });
    }

    async function forget(): Promise<void> {
      await caches.delete(place);
      await (await navigator.serviceWorker.getRegistration(scope))?.unregister();
    }

    function press(button: HTMLButtonElement, work: () => Promise<void>): void {
      button.addEventListener("click", async () => {
        keep.disabled = drop.disabled = true;
        state.textContent = t("verify.offline.working");
        try {
          await work();
          await tell();
        } catch (why) {
          console.warn("nothing was kept:", why);
          state.textContent = t("verify.offline.failed");
        }
        keep.disabled = drop.disabled = false;
      });
    }

    press(keep, fetchAll);
    press(drop, forget);
    void tell();
  }

  function h(tag: string, attributes: Record<string, string | boolean | undefined> = {}, ...children: Child[]): HTMLElement {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) if (value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
    add(element, children);
    return element;
  }

  function add(to: Node, children: Child[]): void {
    for (const child of children) {
      if (Array.isArray(child)) add(to, child);
      else if (child) to.appendChild(typeof child === "string" ? document.createTextNode(child) : child);
    }
  }

  function s(tag: string, attributes: Record<string, string | number>, ...children: Node[]): SVGElement {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
    children.forEach((child) => element.appendChild(child));
    return element;
  }

  const icons = (document.getElementById("verify-icons") as HTMLTemplateElement).content;
  const icon = (name: string): Node => icons.querySelector("." + name + " svg")!.cloneNode(true);
  const toneIcon = (tone: string): Node => icon(({ success: "check", danger: "cross", warning: "warning", info: "info" } as Record<string, string>)[tone] ?? "question");

  // when writes a moment in Beijing time, as the pages of the server do.
  function when(text: string | undefined, minute: boolean): string {
    if (!text || text.startsWith("0001-")) return "—";
    const at = new Date(Date.parse(text) + 8 * 3600 * 1000);
    const day = data.locale === "en"
      ? `${at.getUTCDate()} ${["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"][at.getUTCMonth()]} ${at.getUTCFullYear()}`
      : `${at.getUTCFullYear()}年${at.getUTCMonth() + 1}月${at.getUTCDate()}日`;
    const two = (n: number): string => String(n).padStart(2, "0");
    return minute ? `${day} ${two(at.getUTCHours())}:${two(at.getUTCMinutes())}` : day;
  }

  const row = (name: string, ...value: Child[]): HTMLElement => h("div", {}, h("dt", {}, name), h("dd", {}, ...value));
  const code = (name: string, value: string): HTMLElement => h("div", {}, h("dt", {}, name), h("dd", { class: "code" }, value));

  async function show(view: View, took: number): Promise<void> {
    const r = view.result;
    const banner = words["verify.banner." + r.Code] ?? r.Message;
    const title = h("h1", { tabindex: "-1" }, banner);
    const pages = h("section", { class: "document-pages" });
    const result = h("section", { class: "result", "data-took": String(Math.round(took)) },
      h("div", { class: "verdict " + r.Tone }, toneIcon(r.Tone), h("div", {},
        h("p", { class: "tone" }, word("verify.verdict.", r.Verdict) + " ", h("span", { class: "verdict-code", id: "verdict-code" }, r.Code)),
        title,
        (r.Code === "V00" || r.Code === "V14") && r.Sealed && h("p", {}, t("verify.sealed", { organization: r.Sealed.Organization, at: when(r.Sealed.At, false), seal: r.Sealed.Seal }) + (r.License && r.Code === "V00" ? t("verify.sealed.licence") : "")),
        r.Code === "V14" && r.Sealed?.Successor && h("p", {}, t("verify.successor", { before: r.Sealed.Successor.owner, now: r.Sealed.Successor.names.join("、") })),
        words[r.Next.Key] !== undefined && h("p", {}, t(r.Next.Key, { ...r.Next.Text, ...Object.fromEntries(Object.entries(r.Next.Days ?? {}).map(([name, at]) => [name, when(at, false)])) })),
        reportFirst(r) && forgery(r, "button"))),
      h("ul", { class: "lines" }, r.Lines.map((line) => h("li", { class: line.State },
        icon(({ yes: "check", no: "cross", none: "dash" } as Record<string, string>)[line.State] ?? "question"),
        h("div", {}, h("strong", {}, t("verify.line." + line.Question)),
          h("span", {}, line.Word ? word("status.", line.Word) : line.Question === "status" ? t("verify.line.none") : t("verify.answer." + line.State)))))),
      r.License?.shown && [h("h2", {}, t("verify.shown")), h("dl", { class: "shown" }, r.License.shown.map((f) => row(f.label, f.value))), h("p", { class: "hint" }, t("verify.shown.hint"))],
      view.reason !== "" || view.pages > 0 ? pages : undefined,
      r.Reasons && r.Reasons.length > 0 && [h("h2", {}, t("verify.reasons")), h("ul", { class: "reasons" }, r.Reasons.map((reason) => h("li", {},
        h("p", {}, reason.message), h("p", { class: "hint" }, h("span", { class: "code" }, reason.code), reason.clause ? " · " + reason.clause : ""))))],
      r.License && license(r.License),
      (r.Signatures ?? []).map(signature),
      r.Coverage && [h("h2", {}, t("verify.coverage")), r.Coverage.uncovered && r.Coverage.uncovered.length > 0
        ? [h("p", {}, t("verify.coverage.part")), h("ul", { class: "reasons" }, r.Coverage.uncovered.map((u) => h("li", {}, h("span", { class: "code" }, u.path), " ", h("span", { class: "tag" }, word("verify.role.", u.role)))))]
        : h("p", {}, t("verify.coverage.all"))],
      h("dl", { class: "shown" }, r.File !== "" && code(t("verify.file"), r.File), r.SM3 !== "" && code(t("verify.sm3"), (r.SM3.match(/.{8}/g) ?? []).join(" "))),
      !reportFirst(r) && forgery(r, "button text"));
    const report = URL.createObjectURL(new Blob([view.report], { type: "application/json" }));
    const main = document.querySelector("main")!;
    main.replaceChildren(
      h("p", { class: "privacy", id: "verify-local" }, icon("info"), h("span", {}, kept ? t("verify.offline.done", { at: when(kept, true) }) : t("verify.local.done"))),
      result,
      h("p", { class: "actions" },
        h("a", { class: "button", id: "verify-again", href: location.pathname }, t("verify.again")),
        h("a", { class: "button secondary", id: "verify-report", href: report, download: "yinxin-report.json" }, t("verify.report")),
        // The second, explicit step: the number of the licence leaves the machine when this is pressed, not before.
        !kept && r.License && r.License.license_id !== "" && h("a", { class: "button secondary", id: "verify-online", href: location.pathname + "?license_id=" + encodeURIComponent(r.License.license_id) }, t("verify.online"))),
      h("p", { class: "small" }, t("verify.doubt", { hotline: data.hotline! })));
    document.title = banner;
    title.focus();
    scrollTo(0, 0);
    await showPages(view, pages);
    result.dataset.done = "1";
  }

  // reportFirst: reporting is the next step of the verdict (experience.md 3.12).
  const reportFirst = (r: Result): boolean => ["V20", "V21", "V22", "V23", "V41"].includes(r.Code);

  // forgery leads to the page on which a suspected forgery is reported. What it hands over leaves the machine when this is pressed, not before.
  function forgery(r: Result, look: string): Child {
    if (!data.report) return undefined;
    const query = new URLSearchParams();
    const set = (name: string, value?: string): void => { if (value) query.set(name, value); };
    set("code", r.Code);
    set("sm3", r.SM3);
    set("identifier", r.License?.license_id || (r.Signatures ?? []).find((one) => one.seal?.seal_id)?.seal!.seal_id);
    return h("p", { class: "actions" }, h("a", { class: look, id: "verify-forgery", href: data.report + "?" + query }, data.reportLabel!));
  }

  function license(l: NonNullable<Result["License"]>): Child {
    const tones: Record<string, string> = { valid: "success", suspended: "warning", superseded: "warning", expiring: "warning", revoked: "danger", cancelled: "danger", withdrawn: "danger", lapsed: "danger" };
    const tone = tones[l.status] ?? "neutral";
    return [h("h2", {}, t("verify.licence")), h("dl", { class: "shown" },
      l.license_id !== "" && code(t("licence.id"), l.license_id),
      l.type_code !== "" && code(t("licence.type"), l.type_code),
      row(t("page.status"), h("span", { class: "state " + tone }, toneIcon(tone), word("status.", l.status)), " ",
        h("span", { class: "hint" }, word("verify.source.", l.status_source), l.status_time ? " · " + when(l.status_time, true) : "")))];
  }

  function signature(one: Signature, i: number): HTMLElement {
    const checks = one.checks ?? [];
    return h("details", { class: "signature", id: "r0-signature-" + (i + 1), open: true },
      h("summary", {}, h("span", { class: "mark-number" }, String(i + 1)), " " + t("verify.signature", { id: one.id }) + " · " + word("verify.verdict.", one.verdict)),
      h("dl", { class: "shown" },
        one.seal && [row(t("verify.seal"), one.seal.name), code(t("seal.id"), one.seal.seal_id), row(t("seal.period"), when(one.seal.valid_from, false) + " – " + when(one.seal.valid_to, false))],
        one.signer && [row(t("verify.signer"), one.signer.subject), row(t("verify.issuer"), one.signer.issuer),
          row(t("verify.certificate"), when(one.signer.not_before, false) + " – " + when(one.signer.not_after, false) + " ", h("span", { class: "hint code" }, one.signer.serial))],
        one.signing_time && row(t("verify.time"), when(one.signing_time, true)),
        one.time_source && row(t("verify.time_source"), word("verify.time_source.", one.time_source)),
        one.references && row(t("verify.references"), t("verify.references.of", { matched: one.references.matched, total: one.references.total }),
          (one.references.mismatched ?? []).map((path) => [h("br"), h("span", { class: "code" }, path)])),
        one.placements && one.placements.length > 0 && row(t("verify.placement"), one.placements.map((p) => [t("verify.placement.page", { page: p.page, x: p.x_mm, y: p.y_mm }), h("br")]))),
      checks.length > 0 && h("details", { open: one.verdict !== "valid" }, h("summary", {}, t("verify.checks")),
        h("ul", { class: "checks" }, checks.map((c) => h("li", { class: c.status },
          icon(({ passed: "check", failed: "cross", skipped: "dash" } as Record<string, string>)[c.status] ?? "question"),
          h("div", {}, h("strong", {}, word("verify.check.", c.name)), " ", h("span", { class: "tag" }, word("verify.status.", c.status)),
            c.message !== "" && h("p", {}, c.message),
            (c.code !== "" || c.clause !== "") && h("p", { class: "hint" }, c.code !== "" && [h("span", { class: "code" }, c.code), " "], c.clause)))))));
  }

  // showPages shows the pages, the first at once and each other one when it is opened.
  async function showPages(view: View, to: HTMLElement): Promise<void> {
    add(to, [h("h2", {}, t("verify.pages"))]);
    if (view.reason !== "") {
      add(to, [h("p", { class: "notice info" }, icon("info"), h("span", {}, t("verify.pages." + view.reason)))]);
      return;
    }
    add(to, [h("p", { class: "hint" }, t("verify.pages.lead")),
      view.others > 0 && h("p", { class: "notice warning" }, icon("warning"), h("span", {}, t("verify.pages.others", { n: view.others })))]);
    for (let number = 2; number <= view.pages; number++) {
      const more = h("details", { class: "more-page" }, h("summary", {}, t("verify.page", { page: number, total: view.pages })));
      more.addEventListener("toggle", () => void sheet(view, number).then((drawn) => more.appendChild(drawn)), { once: true });
      to.appendChild(more);
    }
    to.insertBefore(await sheet(view, 1), to.querySelector(".more-page"));
  }

  let turn: Promise<unknown> = Promise.resolve(); // one page at a time

  function sheet(view: View, number: number): Promise<HTMLElement> {
    const drawn = turn.then(async () => {
      const title = t("verify.page", { page: number, total: view.pages });
      let page: Page;
      try {
        page = (await ask({ kind: "page", letters: new URL(data.letters!, location.href).href, number, prefix: "r0p" + number, title })).page;
      } catch {
        page = { number, reason: "broken", width_mm: 0, height_mm: 0, marks: [], notes: [] };
      }
      return drawnSheet(view.result, page, title);
    });
    turn = drawn;
    return drawn;
  }

  function drawnSheet(r: Result, page: Page, title: string): HTMLElement {
    if (page.reason) return h("p", { class: "notice warning" }, icon("warning"), h("span", {}, t("verify.page.not", { page: page.number }) + " " + t("verify.pages." + page.reason)));
    const paper = h("div", { class: "sheet-page" });
    if (page.svg) {
      const parsed = new DOMParser().parseFromString(page.svg, "image/svg+xml").documentElement; // written by the renderer element by element
      paper.appendChild(document.importNode(parsed, true));
    } else paper.appendChild(h("img", { src: "data:image/png;base64," + page.png, alt: title }));
    if (page.marks.length > 0) {
      const marks = s("svg", { class: "sheet-marks", viewBox: `0 0 ${page.width_mm} ${page.height_mm}` });
      for (const m of page.marks) {
        const radius = Math.min(4, Math.max(1.5, Math.min(m.width_mm, m.height_mm) / 10));
        const number = s("text", { x: m.x_mm, y: m.y_mm, "font-size": radius, "text-anchor": "middle", dy: "0.4em" });
        number.textContent = String(m.signature);
        marks.appendChild(s("a", { class: m.verdict + (m.drawn ? "" : " left-out"), href: "#r0-signature-" + m.signature,
          "aria-label": t("verify.mark", { signature: m.signature, seal: m.seal }) + (m.drawn ? "" : " " + t("verify.mark.left_out")) },
          s("rect", { x: m.x_mm, y: m.y_mm, width: m.width_mm, height: m.height_mm }), s("circle", { cx: m.x_mm, cy: m.y_mm, r: radius }), number));
      }
      paper.appendChild(marks);
    }
    return h("figure", { class: "sheet" },
      r.Verdict !== "valid" && h("p", { class: "sheet-warning " + r.Tone }, icon(r.Tone === "danger" ? "cross" : "warning"),
        h("span", {}, (words["verify.banner." + r.Code] ?? r.Message) + " ", h("span", { class: "code" }, r.Code))),
      paper,
      h("figcaption", {}, h("p", {}, title), page.notes.length > 0 && h("ul", { class: "plain" }, page.notes.map((note) => h("li", {}, t("verify.note." + note.kind, { n: note.count }))))));
  }
}

export {};
