// The page inside the dialog of embed.js: a few words with the page around it, and only with the origin it named.

export type ToHost = "ready" | "on-call" | "off-call" | "ask-to-close";
export type ToFrame = "hang-up";

export interface Host {
  tellOnCall(onCall: boolean): void;
  /** Escape inside the frame never reaches the dialog around it. */
  askToClose(): void;
  listen(onHangUp: () => void): void;
}

export function hostOf(origin: string | null): Host | null {
  if (window.parent === window || origin === null || !URL.canParse(origin)) return null;
  const tell = (message: ToHost) => window.parent.postMessage({ heardline: message }, origin);
  return {
    tellOnCall: (onCall) => tell(onCall ? "on-call" : "off-call"),
    askToClose: () => tell("ask-to-close"),
    listen(onHangUp) {
      window.addEventListener("message", (event) => {
        if (event.source !== window.parent || event.origin !== origin) return;
        if (event.data?.heardline === ("hang-up" satisfies ToFrame)) onHangUp();
      });
      tell("ready");
    },
  };
}
