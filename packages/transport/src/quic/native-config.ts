import { X509Certificate, createPrivateKey } from 'node:crypto';
import { QconnError } from '@qconn/protocol';
import type { TlsIdentity } from '../endpoint.ts';
import { quiche, type NativeConfig } from './native.ts';
import {
  ACTIVE_CONNECTION_IDS,
  CONNECTION_WINDOW_MAX_BYTES,
  STREAM_WINDOW_BYTES,
  type ConnectionLimits,
} from './options.ts';
import { BASE_BYTES } from './packet-size.ts';

/** The largest datagram that is taken in: the largest that UDP can carry. */
const RECEIVE_MAX_BYTES = 65_527;

/** What a native configuration is made from. */
export interface ConfigParameters {
  readonly tls: TlsIdentity;
  readonly alpns: readonly string[];
  readonly limits: ConnectionLimits;
  /** Whether the peer must present a certificate that leads to the trusted roots. */
  readonly verifyPeer: boolean;
  /** Whether early data (0-RTT) is sent or taken where a ticket allows it. */
  readonly earlyData: boolean;
  /** Whether the secrets of connections may be written to files. */
  readonly logKeys: boolean;
  /** Bytes of UDP payload that the interface towards the peer carries. */
  readonly payloadBytes: number;
}

/** @throws QconnError `tls_config` when key, chain or roots cannot be used */
export function nativeConfig({
  tls,
  alpns,
  limits,
  verifyPeer,
  earlyData,
  logKeys,
  payloadBytes,
}: ConfigParameters): NativeConfig {
  const config = tlsContext(tls, verifyPeer);
  config.setApplicationProtos([...alpns]);
  if (earlyData) config.enableEarlyData();
  if (logKeys) config.logKeys();
  config.grease(true);
  config.setMaxIdleTimeout(limits.idleTimeoutMs);
  config.setMaxRecvUdpPayloadSize(RECEIVE_MAX_BYTES);
  config.setMaxSendUdpPayloadSize(Math.max(BASE_BYTES, payloadBytes));
  config.setInitialMaxData(limits.connectionWindowBytes);
  config.setMaxConnectionWindow(Math.max(limits.connectionWindowBytes, CONNECTION_WINDOW_MAX_BYTES));
  config.setInitialMaxStreamDataBidiLocal(STREAM_WINDOW_BYTES);
  config.setInitialMaxStreamDataBidiRemote(STREAM_WINDOW_BYTES);
  config.setMaxStreamWindow(limits.maxStreamWindowBytes);
  config.setInitialMaxStreamsBidi(limits.maxStreams);
  config.setInitialMaxStreamsUni(limits.maxUniStreams);
  config.setInitialMaxStreamDataUni(STREAM_WINDOW_BYTES);
  config.setActiveConnectionIdLimit(ACTIVE_CONNECTION_IDS);
  config.setCcAlgorithm(quiche.CongestionControlAlgorithm.BBR);
  // The binding hides the time at which a packet should leave, so pacing could not be honoured.
  config.enablePacing(false);
  return config;
}

function tlsContext(tls: TlsIdentity, verifyPeer: boolean): NativeConfig {
  if (verifyPeer && tls.trustPem.length === 0)
    throw new QconnError('tls_config', 'There is no root to trust: the trust bundle is empty.');
  try {
    const own = tls.chainPem.length > 0 ? ownCertificate(tls) : undefined;
    return quiche.Config.withBoringSslCtx(
      verifyPeer,
      false,
      pem(tls.trustPem),
      own && [own.key],
      own && [own.chain],
      null,
    );
  } catch (cause) {
    throw cause instanceof QconnError ? cause : new QconnError('tls_config', undefined, { cause });
  }
}

/** Key and chain, checked to belong together: the engine would take a wrong key and present no certificate. */
function ownCertificate({ keyPem, chainPem }: TlsIdentity): { key: Uint8Array; chain: Uint8Array } {
  const key = createPrivateKey(keyPem);
  if (!new X509Certificate(chainPem[0] ?? '').checkPrivateKey(key))
    throw new QconnError('tls_config', 'The key does not belong to the certificate.');
  return { key: pem([keyPem]), chain: pem(chainPem) };
}

function pem(blocks: readonly string[]): Uint8Array {
  return Buffer.from(blocks.map((block) => `${block.trim()}\n`).join(''));
}
