import { createHash } from 'node:crypto';
import { QconnError } from '@qconn/protocol';
import { Type } from 'typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ApiContext, App } from './app.ts';

/** Of every POST that is not open to everybody. */
export const OnceHeaders = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({
      pattern: '^[\\x21-\\x7e]{1,128}$',
      description:
        'Names the request: repeated within a day with the same key and content it is not done again, and answered as before (Idempotency-Replayed: true), or with already_done where the answer held a secret',
    }),
  ),
});

/**
 * Has a POST that names itself done once. That it is done is written in the transaction that does it; the answer is
 * kept afterwards, so that a hub that dies between the two answers `already_done`, and never does it again.
 */
export function doOnce(app: App, context: ApiContext): void {
  const { store, clock, log } = context;
  app.decorateRequest('once', undefined);
  app.addHook('preHandler', async (request, reply) => {
    const key = request.headers['idempotency-key'];
    const { caller } = request;
    if (request.method !== 'POST' || typeof key !== 'string' || caller === undefined || caller.kind === 'nobody')
      return;
    const once = { keyHash: sha256(key), requestHash: requestHash(request) };
    const done = await store.idempotency.find({ actor: caller.actor, keyHash: once.keyHash, now: clock.now() });
    if (done === undefined) {
      request.once = once;
      return;
    }
    if (Buffer.compare(done.requestHash, once.requestHash) !== 0) throw new QconnError('idempotency_mismatch');
    if (done.answer === undefined)
      throw new QconnError('already_done', `This was done at ${new Date(done.doneAt).toISOString()}.`);
    return replay(reply, done.answer);
  });
  app.addHook('onSend', async (request, { statusCode }, payload) => {
    const { once, caller, routeOptions } = request;
    const kept = once !== undefined && caller !== undefined && routeOptions.config.secretAnswer !== true;
    if (!kept || statusCode >= 300 || typeof payload !== 'string') return;
    const { keyHash } = once;
    await store.idempotency
      .keep({ actor: caller.actor, keyHash, status: statusCode, body: payload })
      .catch((err: unknown) =>
        log.warn(
          { event: 'answer_not_kept', request: request.id, err },
          'An answer could not be kept for a repetition.',
        ),
      );
  });
}

async function replay(
  reply: FastifyReply,
  { status, body }: { readonly status: number; readonly body: string },
): Promise<FastifyReply> {
  // The text goes out as it was kept: it has been through the schema once.
  return reply
    .status(status)
    .header('idempotency-replayed', 'true')
    .type('application/json')
    .serializer(String)
    .send(body);
}

function requestHash({ method, url, body }: FastifyRequest): Uint8Array {
  return sha256(`${method} ${url}\n${JSON.stringify(body ?? null)}`);
}

function sha256(text: string): Uint8Array {
  return createHash('sha256').update(text).digest();
}
