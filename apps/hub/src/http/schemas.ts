import { Type } from 'typebox';

const Time = Type.String({ format: 'date-time' });
const OptionalTime = Type.Union([Time, Type.Null()]);
const OptionalText = Type.Union([Type.String(), Type.Null()]);

export const MachineSchema = Type.Object(
  {
    fingerprint: Type.String(),
    shortCode: Type.String({ description: 'Compare with what the machine itself shows before approving' }),
    status: Type.Union([Type.Literal('pending'), Type.Literal('authorized'), Type.Literal('revoked')]),
    hostname: OptionalText,
    requestedHostname: OptionalText,
    requestedHolder: Type.Union([Type.String(), Type.Null()], {
      description:
        'Fingerprint of another machine that holds the hostname it asks for: the same host with a new key, or a pretender',
    }),
    roles: Type.Array(Type.String()),
    labels: Type.Record(Type.String(), Type.String()),
    facts: Type.Record(Type.String(), Type.Unknown()),
    online: Type.Boolean({ description: 'Whether it is connected to this hub now' }),
    createdAt: Time,
    authorizedAt: OptionalTime,
    revokedAt: OptionalTime,
    expiresAt: Type.Union([Time, Type.Null()], { description: 'End of its last credential' }),
    version: Type.String({ description: 'Of what can be edited: its ETag without the quotes' }),
  },
  { $id: 'Machine' },
);

export const TokenSchema = Type.Object(
  {
    id: Type.String(),
    uses: Type.Integer(),
    usesLeft: Type.Integer(),
    hostname: OptionalText,
    roles: Type.Array(Type.String()),
    autoApprove: Type.Boolean(),
    createdBy: Type.String(),
    createdAt: Time,
    expiresAt: Time,
    revokedAt: OptionalTime,
  },
  { $id: 'Token' },
);

export const GrantSchema = Type.Object(
  {
    effect: Type.Union([Type.Literal('allow'), Type.Literal('deny')]),
    verb: Type.Union([Type.Literal('provide'), Type.Literal('submit'), Type.Literal('query'), Type.Literal('admin')]),
    serviceTypes: Type.Array(Type.String(), { minItems: 1 }),
    selector: Type.Optional(
      Type.Object(
        {
          labels: Type.Optional(Type.Record(Type.String(), Type.String())),
          hostnames: Type.Optional(Type.Array(Type.String())),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
);

export const RoleSchema = Type.Object(
  { name: Type.String(), grants: Type.Array(GrantSchema), generation: Type.Integer(), updatedAt: Time },
  { $id: 'Role' },
);

export const KeySchema = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    roles: Type.Array(Type.String()),
    createdBy: Type.String(),
    createdAt: Time,
    expiresAt: Time,
    revokedAt: OptionalTime,
  },
  { $id: 'Key' },
);

export const SessionSchema = Type.Object(
  {
    id: Type.String(),
    machine: Type.String(),
    hostname: OptionalText,
    status: Type.String(),
    remoteAddress: Type.String(),
    credentialSerial: Type.String(),
    devices: Type.Array(Type.Object({ device: Type.String(), serviceTypes: Type.Array(Type.String()) })),
    rttMs: Type.Number(),
  },
  { $id: 'Session' },
);

const Party = Type.Object({ machine: Type.String(), hostname: OptionalText });

export const ExchangeSchema = Type.Object(
  {
    id: Type.String({ description: 'Unique within one run of the hub' }),
    from: Party,
    to: Type.Union([Type.Object({ ...Party.properties, device: Type.String() }), Type.Null()], {
      description: 'Null when no target was found',
    }),
    serviceType: Type.String(),
    inquiry: Type.Boolean({
      description: 'It asked what became of a job, and ran none: its outcome is what it was told of that',
    }),
    outcome: Type.String({ description: '`completed`, or an error code' }),
    stages: Type.Array(Type.Object({ stage: Type.String(), at: Time })),
    durationMs: Type.Number({ description: 'From its acceptance to its end' }),
    deliveries: Type.Integer({ description: 'How often it was sent to its target' }),
    requestBytes: Type.Integer({ description: 'Of the body; of a streamed one as much as has passed' }),
    responseBytes: Type.Integer({
      description: 'Of the body; of a streamed one as much as has passed, known at its end',
    }),
    traceId: OptionalText,
  },
  { $id: 'Exchange' },
);

export const AuditSchema = Type.Object(
  {
    id: Type.Integer(),
    at: Time,
    actor: Type.String(),
    act: Type.String(),
    subject: Type.String(),
    before: Type.Unknown(),
    after: Type.Unknown(),
    prevHash: Type.String({ description: 'Hash of the row before, hex' }),
    hash: Type.String({ description: 'SHA-256 over prevHash and this row, hex' }),
  },
  { $id: 'AuditRow' },
);

/** Which part of a list: numbers in a query string are text. */
export const PageQuery = Type.Object(
  {
    cursor: Type.Optional(Type.String({ maxLength: 512, description: '`next` of the page before' })),
    limit: Type.Optional(Type.String({ pattern: '^[1-9][0-9]{0,3}$', description: '1 … 1000; 100 when left out' })),
  },
  { additionalProperties: false },
);

/** A list's answer. */
export function pageOf<Item extends Parameters<typeof Type.Array>[0]>(item: Item) {
  return Type.Object({ items: Type.Array(item), next: Type.Optional(Type.String()) });
}
