import type { Clock } from '@qconn/clock';
import type { SocketAddress } from '../connection.ts';
import { sourceOf } from '../source-address.ts';
import type { Admission } from './admission.ts';
import type { EndpointSecrets } from './endpoint-secrets.ts';
import { quiche, type NativeConfig, type NativeConnection } from './native.ts';
import { CONNECTION_ID_BYTES, INITIAL_MIN_BYTES } from './packet-header.ts';
import { randomId } from './random-ids.ts';
import { RetryTokens } from './retry-tokens.ts';

/** What to do with the first datagram of a stranger. */
export type Decision =
  | {
      readonly kind: 'accept';
      readonly native: NativeConnection;
      readonly ids: readonly Uint8Array[];
      readonly full: boolean;
    }
  | { readonly kind: 'answer'; readonly datagram: Uint8Array }
  | { readonly kind: 'drop' };

/** What an acceptor works with. */
export interface AcceptorParts {
  readonly clock: Clock;
  readonly secrets: EndpointSecrets;
  readonly admission: Admission;
  readonly local: SocketAddress;
}

type Header = ReturnType<typeof quiche.Header.fromSlice>;

const DROP: Decision = { kind: 'drop' };

/** Decides on the first datagrams of strangers (RFC 9000, sections 6, 8.1 and 14.1). */
export class Acceptor {
  readonly #parts: AcceptorParts;
  readonly #tokens: RetryTokens;

  constructor(parts: AcceptorParts) {
    this.#parts = parts;
    this.#tokens = new RetryTokens(parts.secrets.retryKey);
  }

  /** @param datagram one whose first packet has a long header and belongs to no connection */
  decide(datagram: Buffer, from: SocketAddress, configOf: () => NativeConfig): Decision {
    const header = datagram.length < INITIAL_MIN_BYTES ? undefined : headerOf(datagram);
    // An answer to an answer would go to and fro (RFC 9000, section 6.1).
    if (header === undefined || header.ty === quiche.Type.VersionNegotiation) return DROP;
    if (!quiche.versionIsSupported(header.version)) return { kind: 'answer', datagram: versionNegotiation(header) };
    if (header.ty !== quiche.Type.Initial) return DROP;
    const token = header.token ?? new Uint8Array(0);
    const claim = token.length > 0 ? this.#tokens.open(token, from, this.#parts.clock.now()) : undefined;
    const proven = claim !== undefined && Buffer.compare(claim.retryId, header.dcid) === 0;
    const verdict = this.#parts.admission.verdict(sourceOf(from.host), proven);
    if (verdict === 'drop') return DROP;
    if (verdict === 'retry') return { kind: 'answer', datagram: this.#retry(header, from) };
    return this.#accept({
      header,
      from,
      config: configOf(),
      full: verdict === 'refuse',
      originalId: proven ? claim.originalId : undefined,
    });
  }

  #accept(parts: {
    header: Header;
    from: SocketAddress;
    config: NativeConfig;
    full: boolean;
    originalId: Uint8Array | undefined;
  }): Decision {
    const { header, from, config, full, originalId } = parts;
    // After a Retry the client sends to the id that the Retry named: that one stays.
    const id = originalId === undefined ? randomId() : header.dcid;
    config.setStatelessResetToken(BigInt(`0x${this.#parts.secrets.resetToken(id).toString('hex')}`));
    const native = quiche.Connection.accept(id, originalId ?? null, this.#parts.local, from, config);
    return { kind: 'accept', native, ids: [id, header.dcid], full };
  }

  #retry({ scid, dcid, version }: Header, from: SocketAddress): Uint8Array {
    const retryId = randomId();
    const token = this.#tokens.seal({ originalId: dcid, retryId }, from, this.#parts.clock.now());
    const out = new Uint8Array(INITIAL_MIN_BYTES);
    return out.subarray(0, quiche.retry(scid, dcid, retryId, token, version, out));
  }
}

function headerOf(datagram: Buffer): Header | undefined {
  try {
    return quiche.Header.fromSlice(datagram, CONNECTION_ID_BYTES);
  } catch {
    return undefined;
  }
}

function versionNegotiation({ scid, dcid }: Header): Uint8Array {
  const out = new Uint8Array(INITIAL_MIN_BYTES);
  return out.subarray(0, quiche.negotiateVersion(scid, dcid, out));
}
