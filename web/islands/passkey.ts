// Passkeys (WebAuthn Level 3). A form marked data-passkey is sent once the authenticator has answered: "get" signs in, also
// from the list under the field of the identifier (conditional mediation), "create" adds a passkey, "agree" confirms what the
// page names. Without this script, or
// in a browser that cannot, the form stays hidden and the page names the other ways.

type Answer = { options: any; step: string };

async function begin(form: HTMLFormElement): Promise<Answer> {
  const response = await fetch(form.dataset.options!, { method: "POST", headers: { Accept: "application/json" }, credentials: "same-origin" });
  if (!response.ok) throw new Error(String(response.status));
  return response.json();
}

function send(form: HTMLFormElement, step: string, credential: any): void {
  (form.elements.namedItem("step") as HTMLInputElement).value = step;
  (form.elements.namedItem("passkey-response") as HTMLInputElement).value = JSON.stringify(credential.toJSON());
  form.submit();
}

function show(form: HTMLFormElement, failed: boolean): void {
  const message = form.querySelector<HTMLElement>("[data-passkey-error]");
  if (message) message.hidden = !failed;
}

async function start(form: HTMLFormElement): Promise<void> {
  const Key = (window as any).PublicKeyCredential;
  if (!Key?.parseRequestOptionsFromJSON || !Key.parseCreationOptionsFromJSON) return;
  const create = form.dataset.passkey === "create";
  form.hidden = false;
  let waiting: AbortController | undefined;
  const ask = async (conditional: boolean): Promise<void> => {
    waiting?.abort();
    const control = (waiting = new AbortController());
    try {
      const { options, step } = await begin(form);
      if (control.signal.aborted) return;
      const credential = create
        ? await navigator.credentials.create({ publicKey: Key.parseCreationOptionsFromJSON(options), signal: control.signal })
        : await navigator.credentials.get({
            publicKey: Key.parseRequestOptionsFromJSON(options),
            signal: control.signal,
            ...(conditional ? { mediation: "conditional" as CredentialMediationRequirement } : {}),
          });
      if (credential) send(form, step, credential);
    } catch {
      if (!conditional && !control.signal.aborted) show(form, true);
    }
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    show(form, false);
    void ask(false);
  });
  if (form.dataset.passkey === "get" && (await Key.isConditionalMediationAvailable?.())) void ask(true);
}

document.querySelectorAll<HTMLFormElement>("form[data-passkey]").forEach((form) => void start(form));

export {};
