import type { Progress, ResolvedTarget, StageReport } from '@qconn/protocol';

const decoder = new TextDecoder();

/** What a sender may watch and stop. */
export interface RequestObserver {
  /** Called for each stage as the hub reports it. */
  readonly onStatus?: ((report: StageReport) => void) | undefined;
  /** Called for each sign of progress that the provider gives; `json` is what it says when it gave JSON. */
  readonly onProgress?: ((body: Uint8Array, json: unknown) => void) | undefined;
  /** Cancels the request; the provider's signal fires too. */
  readonly signal?: AbortSignal | undefined;
}

/** What the sender of a fan-out may watch and stop. */
export interface FanOutObserver {
  /** Called for each stage of each target's exchange; a target is unknown until its `resolved`. */
  readonly onStatus?: ((report: StageReport, target: ResolvedTarget | undefined) => void) | undefined;
  /** Called for each sign of progress that a provider gives. */
  readonly onProgress?: ((body: Uint8Array, target: ResolvedTarget | undefined) => void) | undefined;
  /** Cancels whatever has not ended. */
  readonly signal?: AbortSignal | undefined;
}

/** Tells an observer of a sign of progress. */
export function reportProgress({ onProgress }: RequestObserver, { body, json }: Progress): void {
  onProgress?.(body, json ? parseJson(body) : undefined);
}

/** `undefined` for what is no JSON: then the bytes are all that there is of it. */
function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch {
    return undefined;
  }
}
