import { Type } from 'typebox';
import { mayAdminister } from '../access.ts';
import { ADMIN_ACTIONS } from '../admin-actions.ts';
import type { ApiContext, App } from '../app.ts';
import { NOBODY } from '../caller.ts';
import { timeText } from '../time.ts';

const Answer = Type.Object(
  {
    kind: Type.Union([Type.Literal('key'), Type.Literal('machine')]),
    actor: Type.String({ description: 'As the audit trail has it' }),
    name: Type.String(),
    roles: Type.Array(Type.String()),
    actions: Type.Array(Type.String(), { description: 'What it may administer' }),
    endsAt: Type.Union([Type.String({ format: 'date-time' }), Type.Null()], {
      description: 'When the key or the certificate expires',
    }),
  },
  { $id: 'Caller' },
);

/** Who am I to this hub? */
export function whoamiRoutes(app: App, context: ApiContext): void {
  app.get(
    '/v1/whoami',
    {
      config: { access: 'any' },
      schema: { summary: 'Say who the caller is, and what it may administer', response: { 200: Answer } },
    },
    ({ caller = NOBODY }) => ({
      kind: caller.kind === 'machine' ? ('machine' as const) : ('key' as const),
      actor: caller.actor,
      name: caller.name,
      roles: [...caller.roles],
      actions: ADMIN_ACTIONS.filter((action) => mayAdminister(caller, action, context).allowed),
      endsAt: caller.endsAt === undefined ? null : timeText(caller.endsAt),
    }),
  );
}
