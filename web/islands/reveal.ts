// Shows a password while it is typed, and hides it again, above all before it is sent: browsers keep passwords, not texts. Without this script the
// field hides what is typed, as ever.

for (const button of document.querySelectorAll<HTMLButtonElement>("[data-reveal]")) {
  const input = document.getElementById(button.dataset.reveal!) as HTMLInputElement;
  const show = button.textContent!;
  const reveal = (shown: boolean): void => {
    input.type = shown ? "text" : "password";
    button.textContent = shown ? button.dataset.hide! : show;
  };
  button.addEventListener("click", () => reveal(input.type === "password"));
  input.form?.addEventListener("submit", () => reveal(false));
  button.hidden = false;
}

export {};
