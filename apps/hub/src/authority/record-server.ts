import type { Clock } from '@qconn/clock';
import type { IssuedCertificate } from '@qconn/identity';
import type { Logger } from '@qconn/startup';
import type { Store } from '@qconn/store';

/** The hub's own certificates are in the inventory; one that cannot be written there is in use all the same. */
export function recordServer({
  store,
  clock,
  log,
}: {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
}): (issued: IssuedCertificate, hosts: readonly string[]) => void {
  return ({ serial, issuer, notBeforeMs, notAfterMs, der }, hosts) => {
    const row = { serial, issuer, notBefore: notBeforeMs, notAfter: notAfterMs, der };
    store.credentials
      .recordAuthority([{ ...row, kind: 'server', subject: hosts.join(', ') }], { actor: 'hub', now: clock.now() })
      .catch((err: unknown) =>
        log.warn(
          { event: 'server_certificate_not_recorded', serial, err },
          'The hub’s own certificate is not in the inventory.',
        ),
      );
  };
}
