import { explain } from '@qconn/authz';
import { QconnError } from '@qconn/protocol';
import { Type } from 'typebox';
import type { ApiContext, App } from '../app.ts';

const Question = Type.Object(
  {
    machine: Type.String({ minLength: 1, maxLength: 128, description: 'Fingerprint or hostname of who asks' }),
    verb: Type.Union([Type.Literal('provide'), Type.Literal('submit'), Type.Literal('query')]),
    serviceType: Type.String({ minLength: 1, maxLength: 128 }),
    to: Type.Optional(
      Type.String({ minLength: 1, maxLength: 128, description: 'Fingerprint or hostname of the other side' }),
    ),
  },
  { additionalProperties: false },
);

const Answer = Type.Object({
  allowed: Type.Boolean(),
  reason: Type.String(),
  steps: Type.Array(Type.Object({ question: Type.String(), allowed: Type.Boolean(), reason: Type.String() })),
});

/** Why may somebody do something, or not? Answered by the code that enforces. */
export function explainRoutes(app: App, { policy }: ApiContext): void {
  const known = (name: string): string => {
    const fingerprint = policy.knownMachine(name);
    if (fingerprint === undefined) throw new QconnError('unknown_object', `There is no machine ${name}.`);
    return fingerprint;
  };

  app.get(
    '/v1/explain',
    {
      config: { access: 'roles.read' },
      schema: { summary: 'Explain a decision', querystring: Question, response: { 200: Answer } },
    },
    ({ query }) => {
      const { machine, verb, serviceType, to } = query;
      const { allowed, reason, steps } = explain(policy.current, {
        principal: known(machine),
        verb,
        serviceType,
        target: to === undefined ? undefined : known(to),
      });
      return {
        allowed,
        reason,
        steps: steps.map(({ question, decision, reason: why }) => ({
          question,
          allowed: decision.allowed,
          reason: why,
        })),
      };
    },
  );
}
