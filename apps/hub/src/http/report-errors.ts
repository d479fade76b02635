import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import type { ConnectionError, FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { QconnError } from '@qconn/protocol';
import type { ApiContext, App } from './app.ts';
import { problemOf } from './problem.ts';
import { tellRefusal } from './tell-security.ts';

/** Errors leave as problem details (RFC 9457); what we did not expect is logged and reported without its text. */
export function reportErrors(app: App, { log, security }: ApiContext): void {
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const known = asQconnError(error);
    const problem = problemOf(known, request.id);
    const worthALine = tellRefusal(request, known, { security });
    const fields = {
      event: 'request_failed',
      request: request.id,
      method: request.method,
      route: request.routeOptions.url,
      remote: request.ip,
      actor: request.caller?.actor,
      err: known,
    };
    if (problem.status >= 500) log.error(fields, 'A request of the HTTPS API failed.');
    else if (worthALine) log.info(fields, 'A request of the HTTPS API was refused.');
    return sendProblem(known, request, reply);
  });
  app.setNotFoundHandler((request, reply) =>
    sendProblem(
      new QconnError('unknown_object', `There is no ${request.method} ${request.url.slice(0, 200)}.`),
      request,
      reply,
    ),
  );
}

export function sendProblem(
  error: QconnError,
  { id }: Pick<FastifyRequest, 'id'>,
  reply: Pick<FastifyReply, 'header' | 'status' | 'send'>,
): unknown {
  const problem = problemOf(error, id);
  if (error.retryAfterMs !== undefined) reply.header('retry-after', Math.ceil(error.retryAfterMs / 1000));
  reply.status(problem.status);
  reply.header('content-type', 'application/problem+json');
  return reply.send(JSON.stringify(problem));
}

/** What is not HTTP, or too slow to be a request, gets a problem too before its connection ends. */
export function refuseGarbage(this: unknown, { code }: ConnectionError, socket: Socket): void {
  // Nothing can be said, and so nothing would end, where no handshake was finished.
  const deaf = /^(ECONNRESET|ERR_TLS_)/.test(code) || !socket.writable;
  if (deaf) return void socket.destroy();
  const problem = problemOf(new QconnError('invalid_request', 'What came is not a request of HTTP.'), randomUUID());
  const body = JSON.stringify(problem);
  socket.end(
    `HTTP/1.1 400 Bad Request\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nX-Request-Id: ${problem.instance}\r\nConnection: close\r\n\r\n${body}`,
  );
}

/** What Fastify itself refuses, in our codes; a caller’s mistake goes without Fastify’s stack, which would only fill the log. */
export function asQconnError(error: FastifyError | QconnError): QconnError {
  if (error instanceof QconnError) return error;
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return new QconnError('too_large', `The request’s body has more bytes than this route takes.`);
  if (error.validation !== undefined) return new QconnError('invalid_request', validationText(error));
  if (error.statusCode !== undefined && error.statusCode < 500) return new QconnError('invalid_request', error.message);
  return new QconnError('internal', undefined, { cause: error });
}

/** Names the fields that are wrong and never quotes their values, which may be secrets. */
function validationText({ validation, validationContext }: FastifyError): string {
  const parts = (validation ?? []).map(
    ({ instancePath, message }) =>
      `${validationContext ?? 'request'}${instancePath.replaceAll('/', '.')} ${message ?? 'is wrong'}`,
  );
  return `The request does not match its schema: ${[...new Set(parts)].slice(0, 20).join('; ')}.`;
}
