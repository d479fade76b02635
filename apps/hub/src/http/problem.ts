import { isQconnError, QconnError } from '@qconn/protocol';
import {
  Type,
  type Static,
  type TObject,
  type TString,
  type TInteger,
  type TBoolean,
  type TOptional,
  type TRecord,
  type TUnknown,
} from 'typebox';

/** Problem details (RFC 9457) with the members that qconn adds. */
export const ProblemSchema: TObject<{
  type: TString;
  title: TString;
  status: TInteger;
  detail: TString;
  instance: TString;
  code: TString;
  action: TString;
  retrySafe: TBoolean;
  retryAfterMs: TOptional<TInteger>;
  facts: TOptional<TRecord<'^.*$', TUnknown>>;
}> = Type.Object(
  {
    type: Type.String({ description: 'urn:qconn:error: and the code' }),
    title: Type.String({ description: 'What this kind of error is' }),
    status: Type.Integer(),
    detail: Type.String({ description: 'What happened, and to whom' }),
    instance: Type.String({ description: 'Id of the request, as in the hub’s log' }),
    code: Type.String({ description: 'Stable code; docs/errors.md lists them' }),
    action: Type.String({ description: 'What to do' }),
    retrySafe: Type.Boolean({ description: 'Whether a retry cannot make it happen twice' }),
    retryAfterMs: Type.Optional(Type.Integer()),
    facts: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  },
  { $id: 'Problem', description: 'Problem details, RFC 9457' },
);

export type Problem = Static<typeof ProblemSchema>;

/** The problem that reports an error. What is not one of ours is reported as `internal`, without its text. */
export function problemOf(error: unknown, requestId: string): Problem {
  const known = isQconnError(error) ? error : new QconnError('internal');
  return {
    type: `urn:qconn:error:${known.code}`,
    title: new QconnError(known.code).message,
    status: known.httpStatus,
    detail: known.message,
    instance: requestId,
    code: known.code,
    action: known.action,
    retrySafe: known.retrySafe,
    ...(known.retryAfterMs === undefined ? {} : { retryAfterMs: known.retryAfterMs }),
    ...(Object.keys(known.facts).length === 0 ? {} : { facts: known.facts }),
  };
}
