export interface ScreenLock {
  release(): void;
}

/** A phone that turns its screen off may also turn the microphone off. Where the browser cannot help, nothing is lost. */
export function keepScreenOn(): ScreenLock {
  let released = false;
  let lock: WakeLockSentinel | null = null;
  navigator.wakeLock?.request("screen").then(
    (granted) => {
      if (released) void granted.release();
      else lock = granted;
    },
    () => undefined,
  );
  return {
    release() {
      released = true;
      void lock?.release();
    },
  };
}
