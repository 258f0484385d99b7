/** Opens the microphone. Echo is cancelled because the notice comes from the loudspeaker; noise is left to the
 * recogniser, which copes better with noise than with what suppression makes of speech. */
export async function openMicrophone(): Promise<MediaStream> {
  return navigator.mediaDevices.getUserMedia({
    audio: { channelCount: 1, echoCancellation: true, autoGainControl: true, noiseSuppression: false },
  });
}

/** The names of W3C Media Capture, 10.2: what the caller can do differs by cause. */
export function microphoneFailure(error: unknown): "microphone_refused" | "microphone_absent" | "microphone_in_use" {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotFoundError" || name === "OverconstrainedError") return "microphone_absent";
  if (name === "NotReadableError" || name === "AbortError") return "microphone_in_use";
  return "microphone_refused";
}
