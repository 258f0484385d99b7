// Carries out the machine's effects with the browser's means, and brings their outcomes back as events.

import type { Session, Spoken } from "./contract";
import type { Effect, Event, Source, Timer } from "./model";
import { follow } from "../io/captions";
import { watchLevel, type LevelWatch } from "../io/level";
import { microphoneFailure, openMicrophone } from "../io/mic";
import { openPeer, type Peer } from "../io/peer";
import { afterNotice, openSample, type SampleCaller } from "../io/sample";
import { forgetCall, rememberCall } from "../io/memory";
import { recall } from "../io/recall";
import { deleteCall, isTelephoneNumber, loadLine, postOffer, Refused, type CallInfo } from "../io/whip";
import { keepScreenOn, type ScreenLock } from "../io/screen";

export interface Surroundings {
  line: string;
  identityToken: string | null;
  dispatch(event: Event): void;
  onLevel(level: number): void;
  /** The language the caller reads, as one the line may be spoken to in. */
  spoken(): Spoken;
  /** Plays the other side; rejects where the browser wants a gesture first. */
  playSound(stream: MediaStream | null): Promise<void>;
}

const serverFault = (error: unknown) =>
  (error instanceof Refused ? error : new Refused({ status: 500, detail: String(error) })).failure;

export class Driver {
  private microphone: MediaStream | null = null;
  private caller: SampleCaller | null = null;
  private peer: Peer | null = null;
  private sound: MediaStream | null = null;
  private context: AudioContext | null = null;
  private level: LevelWatch | null = null;
  private screen: ScreenLock | null = null;
  private following: AbortController | null = null;
  private readonly timers = new Map<Timer, ReturnType<typeof setTimeout>>();
  /** The call whose media are open; whatever a slow promise brings for another one is thrown away. */
  private current = 0;

  constructor(private readonly on: Surroundings) {}

  run(effect: Effect): void {
    switch (effect.kind) {
      case "load_line":
        return void this.loadLine();
      case "open_microphone":
        return void this.openMicrophone(effect.attempt);
      case "dial":
        return void this.dial(effect);
      case "play_sample":
        return void this.playSample(effect.attempt);
      case "close_media":
        return this.closeMedia();
      case "delete_call":
        return void deleteCall(effect.session, effect.leaving);
      case "follow":
        return this.follow(effect.attempt, effect.session);
      case "unfollow":
        return this.following?.abort();
      case "remember":
        return rememberCall(this.on.line, effect.session);
      case "forget":
        return forgetCall(this.on.line);
      case "mute":
        this.level?.restart();
        return this.outgoing()?.getAudioTracks().forEach((track) => (track.enabled = !effect.on));
      case "send_digit":
        return this.peer?.sendDigit(effect.digit);
      case "start_timer":
        clearTimeout(this.timers.get(effect.name));
        this.timers.set(effect.name, setTimeout(() => this.on.dispatch({ kind: "timer", name: effect.name }), effect.ms));
        return;
      case "stop_timer":
        return clearTimeout(this.timers.get(effect.name));
    }
  }

  /** A page that was reloaded within ten minutes still shows its last call. */
  async recall(): Promise<void> {
    const earlier = await recall(this.on.line);
    if (earlier !== null) this.on.dispatch({ kind: "earlier_call", ...earlier });
  }

  /** The caller pressed "turn the sound on": this time there is a gesture. */
  async allowSound(): Promise<void> {
    await this.context?.resume();
    await this.play();
  }

  private async loadLine(): Promise<void> {
    try {
      const line = await loadLine(this.on.line);
      // Said before the microphone is asked for, not after.
      if (line.token_required && this.on.identityToken === null)
        throw new Refused({ status: 401 });
      this.on.dispatch({ kind: "line_loaded", line });
    } catch (error) {
      this.on.dispatch({ kind: "line_failed", failure: serverFault(error) });
    }
  }

  private async openMicrophone(attempt: number): Promise<void> {
    this.begin(attempt);
    try {
      const stream = await openMicrophone();
      if (this.current !== attempt) return stream.getTracks().forEach((track) => track.stop());
      this.microphone = stream;
      stream.getAudioTracks()[0]?.addEventListener("ended", () => this.on.dispatch({ kind: "hearing", speech: false }));
      this.on.dispatch({ kind: "microphone_opened", attempt });
    } catch (error) {
      this.on.dispatch({ kind: "microphone_failed", attempt, why: microphoneFailure(error) });
    }
  }

  private async dial(effect: Extract<Effect, { kind: "dial" }>): Promise<void> {
    const { attempt, source, line } = effect;
    this.begin(attempt);
    const stale = () => this.current !== attempt;
    try {
      const stream = await this.source(source);
      if (stale()) return;
      const peer = await openPeer(stream, line.ice_servers, {
        onLink: (link) => this.on.dispatch({ kind: "link", attempt, link }),
        onSound: (sound) => void ((this.sound = sound), this.play()),
      });
      if (stale()) return peer.close();
      this.peer = peer;
      const info = this.describe(effect);
      const answer = await postOffer(this.on.line, peer.offer, info, this.on.identityToken, (session) =>
        this.on.dispatch({ kind: "answered", attempt, session }),
      );
      if (stale()) return;
      await peer.answer(answer);
      this.watch(stream);
    } catch (error) {
      this.on.dispatch({ kind: "refused", attempt, failure: serverFault(error) });
    }
  }

  private describe({ source, line, identity, related }: Extract<Effect, { kind: "dial" }>): CallInfo {
    const language = source.kind === "sample" ? source.sample.language : this.on.spoken();
    return {
      ...(source.kind === "microphone" ? { name: identity.name.trim() } : {}),
      // A number that is none would have the whole call refused; the page has said that it leaves it out.
      ...(source.kind === "microphone" && isTelephoneNumber(identity.number) ? { number: identity.number.trim() } : {}),
      ...(line.languages.includes(language) ? { language } : {}),
      ...(related === null ? {} : { related }),
    };
  }

  /** One audio context a call, made while the caller's press still counts as a gesture. */
  private begin(attempt: number): void {
    if (this.current === attempt) return;
    this.closeMedia();
    this.current = attempt;
    this.context = new AudioContext();
    void this.context.resume();
    this.screen = keepScreenOn();
  }

  private async source(source: Source): Promise<MediaStream> {
    if (source.kind === "sample" && this.context !== null) {
      this.caller = await openSample(this.context, source.sample.url);
      return this.caller.stream;
    }
    if (this.microphone === null) throw new Error("the microphone is not open");
    return this.microphone;
  }

  private outgoing(): MediaStream | null {
    return this.caller?.stream ?? this.microphone;
  }

  private watch(stream: MediaStream): void {
    if (this.context === null) return;
    this.level = watchLevel(this.context, stream, {
      onLevel: (level) => this.on.onLevel(level),
      onSpeech: (speech) => this.on.dispatch({ kind: "hearing", speech }),
    });
  }

  private async playSample(attempt: number): Promise<void> {
    const { context, sound, caller } = this;
    if (context === null || caller === null) return;
    if (sound !== null) await afterNotice((onLevel) => watchLevel(context, sound, { onLevel }));
    if (this.current !== attempt) return;
    await caller.play();
    this.on.dispatch({ kind: "sample_over", attempt });
  }

  private async play(): Promise<void> {
    const blocked = await this.on.playSound(this.sound).then(
      () => false,
      (error: unknown) => error instanceof DOMException && error.name === "NotAllowedError",
    );
    this.on.dispatch({ kind: "sound", blocked });
  }

  private follow(attempt: number, session: Session): void {
    this.following?.abort();
    this.following = new AbortController();
    const { signal } = this.following;
    const on = {
      onEvent: (event: Extract<Event, { kind: "call" }>["event"]) => this.on.dispatch({ kind: "call", attempt, event }),
      onGone: () => this.on.dispatch({ kind: "call_gone", attempt }),
    };
    void follow(session, on, signal);
  }

  private closeMedia(): void {
    this.current = 0;
    this.level?.stop();
    this.peer?.close();
    this.outgoing()?.getTracks().forEach((track) => track.stop());
    this.screen?.release();
    void this.context?.close();
    void this.on.playSound(null);
    this.microphone = this.caller = this.peer = this.sound = this.context = this.level = this.screen = null;
    this.on.onLevel(0);
  }
}
