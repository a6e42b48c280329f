// Moves a seal over the page of its preview by a pointer, and by the keys up and down in its two fields; the fields hold what is sent. Without this
// script they are typed, as ever (WCAG 2.2, 2.5.7).

const step = 1; // millimetres; ten with Shift

const mark = document.querySelector<SVGGElement>("[data-move-x]");
if (mark) {
  const sheet = mark.ownerSVGElement!;
  const field = (id: string): HTMLInputElement => document.getElementById(id) as HTMLInputElement;
  const [x, y] = [field(mark.dataset.moveX!), field(mark.dataset.moveY!)];
  const page = sheet.viewBox.baseVal;
  const box = mark.querySelector("rect")!;
  const size = (name: string): number => Number(box.getAttribute(name));
  const moved = document.getElementById(mark.dataset.moved!)!;

  // Numbers that nobody could have meant leave the mark where it is.
  const read = (input: HTMLInputElement): number => (/^\s*-?\d+(\.\d+)?\s*$/.test(input.value) ? Number(input.value) : NaN);
  const show = (): void => {
    const [left, top] = [read(x), read(y)];
    if (Number.isNaN(left) || Number.isNaN(top)) return;
    mark.setAttribute("transform", `translate(${left - size("x")} ${top - size("y")})`);
    moved.hidden = left === size("x") && top === size("y");
  };
  const put = (input: HTMLInputElement, to: number, room: number): void => {
    input.value = String(Math.round(Math.min(Math.max(to, 0), Math.max(room, 0)) * 10) / 10);
  };
  const putBoth = (left: number, top: number): void => {
    put(x, left, page.width - size("width"));
    put(y, top, page.height - size("height"));
    show();
  };

  mark.addEventListener("pointerdown", (down) => {
    if (down.button !== 0) return;
    down.preventDefault();
    const perPixel = page.width / sheet.getBoundingClientRect().width;
    const from = [Number.isNaN(read(x)) ? size("x") : read(x), Number.isNaN(read(y)) ? size("y") : read(y)];
    const follow = (move: PointerEvent): void => {
      if (move.pointerId === down.pointerId) putBoth(from[0] + (move.clientX - down.clientX) * perPixel, from[1] + (move.clientY - down.clientY) * perPixel);
    };
    const end = new AbortController();
    const stop = (up: PointerEvent): void => {
      if (up.pointerId === down.pointerId) end.abort();
    };
    addEventListener("pointermove", follow, { signal: end.signal });
    addEventListener("pointerup", stop, { signal: end.signal });
    addEventListener("pointercancel", stop, { signal: end.signal });
  });
  for (const input of [x, y]) {
    input.addEventListener("input", show);
    input.addEventListener("keydown", (key) => {
      const up = key.key === "ArrowUp";
      if (!up && key.key !== "ArrowDown" || key.altKey || key.ctrlKey || key.metaKey || Number.isNaN(read(x)) || Number.isNaN(read(y))) return;
      key.preventDefault();
      const by = key.shiftKey ? 10 * step : step;
      if (input === x) putBoth(read(x) + (up ? by : -by), read(y));
      else putBoth(read(x), read(y) + (up ? -by : by)); // as the seal goes over the page
    });
  }
  mark.classList.add("movable");
  for (const hint of document.querySelectorAll<HTMLElement>("[data-move-hint]")) hint.hidden = false;
}

export {};
