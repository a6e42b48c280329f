// The end of a session: two minutes before, the bar says so and one press goes on, without leaving what was typed. When the
// time is over the login page takes the place of what was shown; but where a citizen has typed something, it stays for as long as the platform
// keeps a form that is sent now. Without this script the bar names the time, and its form does the same.

const bar = document.querySelector<HTMLElement>("#session-end");

function watch(bar: HTMLElement): void {
  const warn = 120;
  const kept = 30 * 60;
  let typed = false;
  const form = bar.querySelector("form")!;
  const text = bar.querySelector<HTMLElement>("[data-session-text]")!;
  const plain = text.textContent!;
  let end = performance.now() / 1000 + Number(bar.dataset.left);
  const left = (): number => Math.round(end - performance.now() / 1000);
  const tick = (): void => {
    const rest = left();
    if (rest <= 0 && typed && bar.dataset.over && rest > -kept) {
      if (text.textContent !== bar.dataset.over) text.textContent = bar.dataset.over;
      form.querySelector("button")?.remove();
      bar.classList.add("soon");
      bar.hidden = false;
      return;
    }
    if (rest <= 0) {
      location.replace(bar.dataset.login + "?next=" + encodeURIComponent(location.pathname + location.search));
      return;
    }
    const soon = rest <= warn;
    bar.classList.toggle("soon", soon);
    bar.hidden = !soon;
    if (soon !== (text.textContent !== plain)) text.textContent = soon ? text.dataset.soon! : plain;
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void (async () => {
      const response = await fetch(form.action, { method: "POST", headers: { Accept: "application/json" }, credentials: "same-origin" });
      if (!response.ok) return form.submit();
      const answer = await response.json();
      end = performance.now() / 1000 + answer.left;
      tick();
    })();
  });
  addEventListener("input", () => (typed = true));
  tick();
  setInterval(tick, 1000);
}

if (bar) watch(bar);

export {};
