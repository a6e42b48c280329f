// Scans a QR code with the camera and hands its text in with the form of the code, where the browser can read codes itself. Without this script, or
// where it cannot, the text is typed or a picture is uploaded.

interface Detector { detect(source: HTMLVideoElement): Promise<{ rawValue: string }[]> }
interface DetectorClass { new (options: { formats: string[] }): Detector; getSupportedFormats(): Promise<string[]> }

const place = document.querySelector<HTMLElement>("[data-scan]");
const kind = (globalThis as unknown as { BarcodeDetector?: DetectorClass }).BarcodeDetector;
if (place && kind && navigator.mediaDevices) void begin(place, kind);

async function begin(place: HTMLElement, kind: DetectorClass): Promise<void> {
  if (!(await kind.getSupportedFormats()).includes("qr_code")) return;
  const input = document.getElementById(place.dataset.scan!) as HTMLInputElement;
  const start = button(place.dataset.start!, "button secondary");
  start.id = "verify-scan";
  const stop = button(place.dataset.stop!, "button text");
  const said = document.createElement("p");
  said.setAttribute("role", "status");
  said.className = "hint";
  const video = document.createElement("video");
  video.playsInline = true;
  video.muted = true;
  video.setAttribute("aria-hidden", "true");
  video.className = "scan";
  stop.hidden = video.hidden = true;
  place.append(start, stop, video, said);
  place.hidden = false;

  let stream: MediaStream | undefined;
  function end(words: string): void {
    stream?.getTracks().forEach((track) => track.stop());
    stream = undefined;
    stop.hidden = video.hidden = true;
    start.hidden = false;
    said.textContent = words;
  }
  stop.addEventListener("click", () => { end(""); start.focus(); });
  addEventListener("pagehide", () => end(""));
  start.addEventListener("click", async () => {
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      video.srcObject = stream;
      start.hidden = true;
      stop.hidden = video.hidden = false;
      said.textContent = place.dataset.hold!;
      await video.play();
      const detector = new kind({ formats: ["qr_code"] });
      while (stream) {
        const [found] = await detector.detect(video);
        if (found && found.rawValue !== "" && stream) {
          input.value = found.rawValue;
          end(place.dataset.found!);
          const form = input.form!;
          form.requestSubmit(form.querySelector("button"));
          return;
        }
        await new Promise((wait) => setTimeout(wait, 150));
      }
    } catch {
      end(place.dataset.failed!);
    }
  });
}

function button(label: string, look: string): HTMLButtonElement {
  const made = document.createElement("button");
  made.type = "button";
  made.className = look;
  made.textContent = label;
  return made;
}
