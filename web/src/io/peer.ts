// One RTCPeerConnection for one call.

import { GATHER_MS } from "../call/limits";

export interface Peer {
  offer: string;
  answer(sdp: string): Promise<void>;
  sendDigit(digit: string): void;
  close(): void;
}

export interface PeerEvents {
  onLink(link: "up" | "interrupted" | "lost"): void;
  onSound(stream: MediaStream): void;
}

/** Makes the whole offer: candidates are gathered before it leaves, because the gateway need not wait for more. */
export async function openPeer(stream: MediaStream, iceServers: RTCIceServer[], on: PeerEvents): Promise<Peer> {
  const connection = new RTCPeerConnection({ iceServers, bundlePolicy: "max-bundle" });
  try {
    const track = stream.getAudioTracks()[0];
    if (track === undefined) throw new Error("the stream has no audio track");
    const transceiver = connection.addTransceiver(track, { direction: "sendrecv", streams: [stream] });
    preferOpus(transceiver);
    connection.addEventListener("track", (event) => on.onSound(event.streams[0] ?? new MediaStream([event.track])));
    const watch = watchLink(connection, on.onLink);
    await connection.setLocalDescription();
    await gathered(connection);
    return {
      offer: connection.localDescription?.sdp ?? "",
      answer: (sdp) => connection.setRemoteDescription({ type: "answer", sdp }),
      sendDigit: (digit) => transceiver.sender.dtmf?.insertDTMF(digit, 160, 60),
      close() {
        watch.stop();
        connection.close();
      },
    };
  } catch (error) {
    connection.close();
    throw error;
  }
}

function preferOpus(transceiver: RTCRtpTransceiver): void {
  const codecs = RTCRtpReceiver.getCapabilities("audio")?.codecs ?? [];
  const isOpus = (codec: RTCRtpCodec) => codec.mimeType.toLowerCase() === "audio/opus";
  if (codecs.some(isOpus)) transceiver.setCodecPreferences?.([...codecs].sort((a, b) => Number(isOpus(b)) - Number(isOpus(a))));
}

function gathered(connection: RTCPeerConnection): Promise<void> {
  if (connection.iceGatheringState === "complete") return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, GATHER_MS);
    connection.addEventListener("icegatheringstatechange", () => {
      if (connection.iceGatheringState !== "complete") return;
      clearTimeout(timer);
      resolve();
    });
  });
}

/** A browser calls a link disconnected only after many seconds. What arrives tells sooner: sound while the other side
 * sends some, and in any case a consent check (RFC 7675) at least every 2.5 s. Seven looks without either are a break. */
const LOOK_MS = 500;
const STILL_LOOKS = 7;

function watchLink(connection: RTCPeerConnection, onLink: PeerEvents["onLink"]): { stop(): void } {
  let link: "up" | "interrupted" | "lost" | null = null;
  const tell = (next: "up" | "interrupted" | "lost") => {
    if (next !== link && link !== "lost") onLink((link = next));
  };
  let still = 0;
  let before = 0;
  let looking = false;
  const look = async () => {
    if (looking || connection.connectionState !== "connected") return;
    looking = true;
    const now = await arrived(connection).finally(() => (looking = false));
    still = now === before ? still + 1 : 0;
    before = now;
    tell(still >= STILL_LOOKS ? "interrupted" : "up");
  };
  const timer = setInterval(() => void look(), LOOK_MS);
  connection.addEventListener("connectionstatechange", () => {
    const state = connection.connectionState;
    if (state === "connected") tell("up");
    if (state === "disconnected") tell("interrupted");
    if (state === "failed" || state === "closed") tell("lost");
  });
  return { stop: () => clearInterval(timer) };
}

/** Packets and checks received so far. */
async function arrived(connection: RTCPeerConnection): Promise<number> {
  let count = 0;
  for (const entry of (await connection.getStats()).values()) {
    if (entry.type === "inbound-rtp") count += entry.packetsReceived ?? 0;
    if (entry.type === "candidate-pair") count += (entry.responsesReceived ?? 0) + (entry.requestsReceived ?? 0);
  }
  return count;
}
