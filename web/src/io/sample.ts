// A sample caller in place of the microphone: the recording goes through Web Audio into the call and to the ear.

export interface SampleCaller {
  stream: MediaStream;
  /** Speaks; resolves when the recording is over. */
  play(): Promise<void>;
}

/** Loads and decodes the recording. The stream is silent until `play`. */
export async function openSample(context: AudioContext, url: string): Promise<SampleCaller> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`the sample ${url} did not load: status ${response.status}`);
  const recording = await context.decodeAudioData(await response.arrayBuffer());
  const line = context.createMediaStreamDestination();
  return {
    stream: line.stream,
    play() {
      const voice = context.createBufferSource();
      voice.buffer = recording;
      voice.connect(line);
      voice.connect(context.destination);
      voice.start();
      return new Promise((resolve) => voice.addEventListener("ended", () => resolve(), { once: true }));
    },
  };
}

/** Resolves when the other side has spoken and then rested, so that the sample does not talk over the notice. */
export function afterNotice(watch: (onLevel: (level: number) => void) => { stop(): void }): Promise<void> {
  const SPOKEN = 0.25;
  const REST_TICKS = 12;
  const NOTHING_TICKS = 30;
  const LATEST_TICKS = 110;
  return new Promise((resolve) => {
    let ticks = 0;
    let rest = 0;
    let spoke = false;
    const watching = watch((level) => {
      ticks += 1;
      rest = level > SPOKEN ? 0 : rest + 1;
      spoke ||= level > SPOKEN;
      if ((spoke && rest >= REST_TICKS) || (!spoke && ticks >= NOTHING_TICKS) || ticks >= LATEST_TICKS) {
        watching.stop();
        resolve();
      }
    });
  });
}
