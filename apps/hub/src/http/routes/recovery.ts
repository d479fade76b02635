import { ENROLMENT_BODY_MAX_BYTES } from '@qconn/protocol';
import { Type } from 'typebox';
import { admissionAnswer } from '../../admission/admission-answer.ts';
import type { ApiContext, App } from '../app.ts';
import { EnrolmentAnswer } from './enrolment.ts';

const RecoveryBody = Type.Object(
  {
    csr: Type.String({
      maxLength: 8192,
      pattern: '^[A-Za-z0-9+/]+={0,2}$',
      description:
        'PKCS#10 request for the machine’s key, DER in base64; its signature shows that the machine holds the key',
    }),
  },
  { additionalProperties: false },
);

/** How a machine whose certificate has expired comes back: QUIC lets in nobody whose certificate has. */
export function recoveryRoutes(app: App, { certificates, hub, log }: ApiContext): void {
  app.post(
    '/v1/recover',
    {
      bodyLimit: ENROLMENT_BODY_MAX_BYTES,
      config: { access: 'public', ration: 'enrolments' },
      schema: {
        summary: 'Renew the expired certificate of a known machine',
        body: RecoveryBody,
        response: { 200: EnrolmentAnswer },
      },
    },
    async ({ body }) => {
      const returned = await certificates.recover(new Uint8Array(Buffer.from(body.csr, 'base64')));
      const { recovered } = returned;
      const { fingerprint, shortCode, status, hostname } = recovered.machine;
      if (recovered.issued)
        log.info(
          { event: 'machine_recovered', machine: fingerprint, hostname, shortCode, status, lapsed: recovered.lapsed },
          recovered.lapsed
            ? 'A machine came back after the grace period; it waits for approval again.'
            : 'A machine whose certificate had expired has renewed it.',
        );
      return admissionAnswer(recovered, returned, hub);
    },
  );
}
